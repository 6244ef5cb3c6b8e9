import { describe, expect, it } from "vitest";
import { hostCovers, meantService, resolveHost } from "../../../src/core/traffic/hosts.ts";

const nginx = { name: "nginx", namespace: "shop" };

describe("a host in an object of namespace shop", () => {
  it.each<[string, { name: string; namespace: string } | undefined, string]>([
    ["nginx", nginx, "a short name is a Service of the object's own namespace"],
    ["nginx.shop.svc.cluster.local", nginx, "the full name"],
    ["nginx.prod.svc.cluster.local", { name: "nginx", namespace: "prod" }, "the full name of another namespace"],
    ["nginx.shop", undefined, "Istio takes two labels for a full name, and no Service has it"],
    ["nginx.shop.svc", undefined, "neither does it complete .svc"],
    ["nginx.shop.svc.cluster.local.", undefined, "a trailing dot is looked up as it stands"],
    ["nginx.example.com", undefined, "the first label says nothing"],
    ["nginx.shop.svc.example.com", undefined, "another domain"],
    ["v1.nginx.shop.svc.cluster.local", undefined, "one label too many"],
    [".shop.svc.cluster.local", undefined, "no name"],
    ["*.shop.svc.cluster.local", undefined, "a wildcard is no Service"],
    ["*", undefined, "nor is the wildcard alone"],
    ["::1", undefined, "an address"],
    ["10.0.0.1", undefined, "an address"],
    ["", undefined, "nothing"],
  ])("%s → %o: %s", (host, service) => {
    expect(resolveHost(host, "shop")).toEqual(service);
  });

  it("is read in the cluster's own domain", () => {
    expect(resolveHost("nginx.shop.svc.k8s.example.com", "x", "k8s.example.com")).toEqual(nginx);
    expect(resolveHost("nginx.shop.svc.cluster.local", "x", "k8s.example.com")).toBeUndefined();
  });

  it.each([
    ["nginx.shop", nginx],
    ["nginx.shop.svc", nginx],
    ["nginx.", nginx],
    ["nginx.shop.svc.cluster.local.", nginx],
    ["nginx.example.com", undefined],
    ["nginx", undefined],
    ["nginx.shop.svc.cluster.local", undefined],
  ])("%s that Istio does not find must have meant %o", (host, service) => {
    expect(meantService(host, "shop")).toEqual(service);
  });

  it.each([
    ["nginx", "exact"],
    ["nginx.shop.svc.cluster.local", "exact"],
    ["*.shop.svc.cluster.local", "wildcard"],
    ["*.local", "wildcard"],
    ["*", "wildcard"],
    ["*.prod.svc.cluster.local", undefined],
    ["other", undefined],
  ])("%s covers nginx: %s", (host, how) => {
    expect(hostCovers(host, "shop", nginx)).toBe(how);
  });
});

import { describe, expect, it } from "vitest";
import { classifyWaysIn, type OtherWays } from "../../../src/core/traffic/waysIn.ts";
import type { ServiceFacts, VirtualServiceObject } from "../../../src/core/traffic/wire.ts";
import { aService, aVirtualService } from "./istioObjects.ts";
import { to } from "./virtualServices.ts";

const told = (service: ServiceFacts, objects: VirtualServiceObject[], other?: OtherWays) =>
  classifyWaysIn(service, objects, other).map((way) => `${way.way} ${way.by}: ${way.message}`);
const proxy = "kubeProxy podCount: callers without a sidecar reach shop/nginx through kube-proxy";

describe("the ways in to a Service", () => {
  it("without Istio go by the pods' count", () => {
    expect(told(aService(), [])).toEqual([
      "mesh podCount: callers in the mesh of shop/nginx, port 80: no VirtualService routes them",
      proxy,
    ]);
  });

  it("through a gateway and the mesh are split", () => {
    const object = aVirtualService("nginx", {
      hosts: ["nginx"],
      gateways: ["public", "mesh"],
      http: [{ name: "api", route: [to("nginx")] }],
    });
    expect(told(aService(), [object])).toEqual([
      "gateway split: gateway shop/public: VirtualService shop/nginx, http[0] (api)",
      "mesh split: callers in the mesh: VirtualService shop/nginx",
      proxy,
    ]);
  });

  it("through a delegate are those of whoever delegates to it", () => {
    const root = aVirtualService(
      "root",
      { hosts: ["a.example.com"], gateways: ["edge"], http: [{ delegate: { name: "d", namespace: "shop" } }] },
      "infra",
    );
    const delegate = aVirtualService("d", { http: [{ route: [to("nginx")] }] });
    expect(told(aService(), [root, delegate])[0]).toBe("gateway split: gateway infra/edge: VirtualService shop/d, http[0]");
  });

  it("to a headless Service and a TLS port go by the pods' count, and everything else that is known is said", () => {
    expect(told(aService(undefined, { clusterIP: "None" }), [])).toEqual([
      "headless podCount: shop/nginx is headless: callers pick a pod themselves",
    ]);
    expect(
      told(aService([{ name: "https", port: 443 }]), [], { ingresses: ["shop/web"], httpRoutes: ["shop/r"], waypoint: "shop/w" }),
    ).toEqual([
      "tls podCount: port 443 of shop/nginx is TLS, and no tls route names its SNI hosts",
      "ingress podCount: Ingress shop/web sends to the pods of shop/nginx",
      "httpRoute podCount: HTTPRoute shop/r sends to the pods of shop/nginx",
      "waypoint podCount: waypoint shop/w stands before shop/nginx",
      proxy,
    ]);
  });

  it("by a name that Istio does not resolve are said to lead nowhere", () => {
    const object = aVirtualService(
      "web",
      { hosts: ["web"], http: [{ route: [to("nginx.shop", 50), to("nginx.example.com", 50)] }] },
      "front",
    );
    expect(told(aService(), [object])).toContain(
      'unknownHost podCount: VirtualService front/web sends to "nginx.shop", a name that Istio does not resolve: write nginx.shop.svc.cluster.local',
    );
  });
});

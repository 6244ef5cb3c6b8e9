import { describe, expect, it } from "vitest";
import { meshVirtualServiceFor } from "../../../src/core/traffic/mesh.ts";
import { coversMesh } from "../../../src/core/traffic/meshCover.ts";
import { portProtocol } from "../../../src/core/traffic/portProtocol.ts";
import { splitVirtualService } from "../../../src/core/traffic/split.ts";
import type { ServicePort, VirtualServiceObject, VirtualServiceSpec } from "../../../src/core/traffic/wire.ts";
import { aService, aVirtualService } from "./istioObjects.ts";
import { at, to } from "./virtualServices.ts";

const host = "nginx.shop.svc.cluster.local";
const made = (ports: ServicePort[], virtualServices: VirtualServiceObject[] = []) =>
  meshVirtualServiceFor(aService(ports), { virtualServices, planName: "nginx-x1" });
const routeTo = (port: number) => ({ match: [{ port }], route: [{ destination: { host, port: { number: port } } }] });

describe("a port's protocol is Istio's", () => {
  it.each<[Partial<ServicePort>, string]>([
    [{ name: "http" }, "http"],
    [{ name: "http-web" }, "http"],
    [{ name: "HTTP2" }, "http"],
    [{ name: "grpc-web-x" }, "http"],
    [{ name: "httpx" }, "detected"],
    [{ name: "web" }, "detected"],
    [{}, "detected"],
    [{ port: 3306 }, "tcp"],
    [{ name: "https" }, "tls"],
    [{ name: "tcp-api" }, "tcp"],
    [{ name: "redis" }, "tcp"],
    [{ name: "http", appProtocol: "tcp" }, "tcp"],
    [{ name: "tcp", appProtocol: "kubernetes.io/h2c" }, "http"],
    [{ appProtocol: "kubernetes.io/wss" }, "tls"],
    [{ name: "http", protocol: "UDP" }, "none"],
    [{ name: "constructor" }, "detected"],
  ])("%o is %s", (port, protocol) => {
    expect(portProtocol({ port: 8080, ...port })).toBe(protocol);
  });
});

describe("a VirtualService covers in-mesh callers", () => {
  it.each<[string, VirtualServiceSpec, boolean]>([
    ["with no gateways", { hosts: ["nginx"] }, true],
    ["with the mesh among its gateways", { hosts: [host], gateways: ["public", "mesh"] }, true],
    ["by a wildcard", { hosts: ["*.shop.svc.cluster.local"] }, true],
    ["not from a gateway alone", { hosts: ["nginx"], gateways: ["public"] }, false],
    ["not for another host", { hosts: ["nginx.example.com"] }, false],
    ["not as a delegate", {}, false],
    ["not all of them when exported to some", { hosts: ["nginx"], exportTo: ["."] }, false],
  ])("%s", (_, spec, covers) => {
    expect(coversMesh(aVirtualService("nginx", spec), { name: "nginx", namespace: "shop" })).toBe(covers);
  });
});

describe("the VirtualService for in-mesh callers", () => {
  it("routes each HTTP port by http, each TCP port by tcp, a detected one by both, UDP and TLS not at all", () => {
    const ports = [
      { name: "http", port: 80 },
      { name: "tcp-admin", port: 9000 },
      { port: 7000 },
      { name: "https", port: 443 },
      { name: "dns", port: 5353, protocol: "UDP" },
    ];
    expect(made(ports)).toEqual({
      apiVersion: "networking.istio.io/v1",
      kind: "VirtualService",
      metadata: {
        name: "nginx-serin",
        namespace: "shop",
        labels: { "app.kubernetes.io/managed-by": "serin", "serin.dev/plan": "nginx-x1" },
      },
      spec: { hosts: [host], gateways: ["mesh"], http: [routeTo(80), routeTo(7000)], tcp: [routeTo(9000), routeTo(7000)] },
    });
  });

  it("is split like any other", () => {
    const spec = made([{ name: "http", port: 80 }])?.spec ?? {};
    expect(splitVirtualService(spec, at(0)).edited.map((route) => route.path)).toEqual(["http[0]"]);
  });

  it("is not made for what is covered, for a headless Service, or for ports without a route", () => {
    expect(
      made([{ name: "http", port: 80 }], [aVirtualService("a", { hosts: ["nginx"], http: [{ route: [to("nginx")] }] })]),
    ).toBeUndefined();
    expect(meshVirtualServiceFor(aService(undefined, { clusterIP: "None" }), { virtualServices: [], planName: "p" })).toBeUndefined();
    expect(made([{ name: "https", port: 443 }])).toBeUndefined();
  });

  it("is made for the TCP port beside the team's http routes, and for callers that an exportTo leaves out", () => {
    const ports = [
      { name: "http", port: 80 },
      { name: "tcp", port: 9000 },
      { name: "tcp-b", port: 9001 },
    ];
    const team = aVirtualService("a", {
      hosts: ["nginx"],
      http: [{ route: [to("nginx")] }],
      tcp: [{ match: [{ port: 9001 }], route: [to("nginx")] }],
    });
    expect(made(ports, [team])?.spec).toEqual({ hosts: [host], gateways: ["mesh"], tcp: [routeTo(9000)] });
    const narrow = aVirtualService("a", { hosts: ["nginx"], exportTo: ["."], http: [{ route: [to("nginx")] }] });
    expect(made([{ name: "http", port: 80 }], [narrow])?.spec.http).toEqual([routeTo(80)]);
  });

  it("does not count its own earlier self as cover", () => {
    const before = made([{ name: "http", port: 80 }]);
    expect(made([{ name: "http", port: 80 }], before === undefined ? [] : [before])).toEqual(before);
  });

  it("copies the http routes of a wildcard that it would hide, with every name written out", () => {
    const wild = aVirtualService(
      "wild",
      {
        hosts: ["*.shop.svc.cluster.local"],
        gateways: ["mesh", "edge"],
        http: [
          { match: [{ gateways: ["edge", "mesh", "./inner", "a/b"] }], route: [to("proxy")], mirror: { host: "log" } },
          { delegate: { name: "d" } },
        ],
      },
      "infra",
    );
    expect(
      made(
        [
          { name: "http", port: 80 },
          { name: "tcp", port: 9000 },
        ],
        [wild],
      )?.spec,
    ).toEqual({
      hosts: [host],
      gateways: ["mesh"],
      http: [
        {
          match: [{ gateways: ["infra/edge", "mesh", "infra/inner", "a/b"] }],
          route: [to("proxy.infra.svc.cluster.local")],
          mirror: { host: "log.infra.svc.cluster.local" },
        },
        { delegate: { name: "d", namespace: "infra" } },
      ],
      tcp: [routeTo(9000)],
    });
  });
});

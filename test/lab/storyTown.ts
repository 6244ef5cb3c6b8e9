/** Several applications in one lab. Each has a host of its own at one shared gateway, so that their stories can run side by side. */
import { stringify } from "yaml";
import { type Load, startLoad } from "./load/startLoad.ts";
import type { Story } from "./story.ts";
import { type ShopOptions, shopDeployment, shopService } from "./storyShop.ts";
import { until } from "./until.ts";

export const townGateway: unknown = {
  apiVersion: "networking.istio.io/v1",
  kind: "Gateway",
  metadata: { name: "town" },
  spec: { selector: { istio: "ingressgateway" }, servers: [{ port: { number: 80, name: "http", protocol: "HTTP" }, hosts: ["*"] }] },
};

export const hostOf = (name: string): string => `${name}.example.com`;

/** The application's VirtualService at the shared gateway: no subsets, no weights. */
export const townRoute = (name: string): unknown => ({
  apiVersion: "networking.istio.io/v1",
  kind: "VirtualService",
  metadata: { name },
  spec: { hosts: [hostOf(name)], gateways: ["town"], http: [{ route: [{ destination: { host: name, port: { number: 80 } } }] }] },
});

/** Deployment, Service and VirtualService. `route: false` leaves the last one out, `service: false` both. */
export function house(name: string, options: Omit<ShopOptions, "name" | "more"> = {}): unknown[] {
  const { service = true, route } = options;
  return [
    shopDeployment({ replicas: 2, ...options, name }),
    ...(service ? [shopService(name)] : []),
    ...(route === false || !service ? [] : [townRoute(name)]),
  ];
}

/** A policy for images whose name begins with its own, `deny` for `deny/nginx:2`; `plain` is for all others. */
export const townPolicy = (name: string, spec: Record<string, unknown>): unknown => ({
  apiVersion: "serin.dev/v1alpha1",
  kind: "CanaryPolicy",
  metadata: { name },
  spec: {
    priority: name === "plain" ? 0 : 1,
    match: { images: [name === "plain" ? "*" : `${name}/*`] },
    traffic: { settle: "500ms" },
    revertAfter: "1s",
    ...spec,
  },
});

/** Policies first: by the time that the pods are ready, webhook and worker know them. */
export async function settleTown(story: Story, policies: unknown[], houses: unknown[]): Promise<void> {
  await applyAll(story, policies);
  await applyAll(story, [townGateway, ...houses]);
  const names = houses.map((object) => object as { kind: string; metadata: { name: string } }).filter(({ kind }) => kind === "Deployment");
  await Promise.all(names.map(({ metadata }) => story.kubectl("rollout", "status", `deploy/${metadata.name}`, "--timeout=120s")));
}

export const applyAll = (story: Story, objects: unknown[]): Promise<string> =>
  story.lab.apply(objects.map((object) => stringify(object)).join("---\n"));

/** Requests to one application, from when the gateway knows its host. */
export async function townLoad(story: Story, name: string, rate = 50): Promise<Load> {
  const url = story.lab.env["LAB_GATEWAY"] ?? "";
  const probe = () => story.type("curl", "-sf", "-o", "/dev/null", "-H", `Host: ${hostOf(name)}`, url);
  await until(`the gateway answers for ${name}`, async () => (await probe()).code === 0);
  return startLoad({ url, host: hostOf(name), path: "/", rate });
}

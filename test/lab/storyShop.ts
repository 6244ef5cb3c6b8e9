import { stringify } from "yaml";

export interface ShopOptions {
  name?: string;
  replicas?: number;
  image?: string;
  /** Deep in the Deployment's spec, beside replicas, selector and template. */
  deployment?: Record<string, unknown>;
  /** Of its pods, beside `app`. */
  podLabels?: Record<string, string>;
  /** In the pod's spec, beside the container. */
  pod?: Record<string, unknown>;
  /** In the container, beside name, image and ports. */
  container?: Record<string, unknown>;
  service?: boolean;
  /** false: no Gateway and no VirtualService. A list: the http routes instead of the plain one. */
  route?: false | unknown[];
  /** Further objects of the team. */
  more?: unknown[];
}

/** The article's application, as the team's own manifest: what is in it is what must be there again at the end. */
export function shop(options: ShopOptions = {}): string {
  return shopObjects(options)
    .map((object) => stringify(object))
    .join("---\n");
}

export function shopObjects(options: ShopOptions = {}): unknown[] {
  const { name = "nginx", service = true, route, more = [] } = options;
  return [
    shopDeployment(options),
    ...(service ? [shopService(name)] : []),
    ...(route === false ? [] : [gateway(name), shopRoute(name, route)]),
    ...more,
  ];
}

export function shopDeployment({
  name = "nginx",
  replicas = 4,
  image = "nginx:1.23.4",
  deployment = {},
  podLabels = {},
  pod = {},
  container = {},
}: ShopOptions = {}): unknown {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      ...deployment,
      template: {
        metadata: { labels: { app: name, ...podLabels } },
        spec: { ...pod, containers: [{ name: "nginx", image, ports: [{ containerPort: 80 }], ...container }] },
      },
    },
  };
}

export const shopService = (name = "nginx"): unknown => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name },
  spec: { selector: { app: name }, ports: [{ name: "http", port: 80 }] },
});

const gateway = (name: string): unknown => ({
  apiVersion: "networking.istio.io/v1",
  kind: "Gateway",
  metadata: { name },
  spec: { selector: { istio: "ingressgateway" }, servers: [{ port: { number: 80, name: "http", protocol: "HTTP" }, hosts: ["*"] }] },
});

/** As in the article: `match: uri exact /`, no subsets, no weights. */
export const shopRoute = (name = "nginx", http?: unknown[]): unknown => ({
  apiVersion: "networking.istio.io/v1",
  kind: "VirtualService",
  metadata: { name },
  spec: {
    hosts: ["*"],
    gateways: [name],
    http: http ?? [{ match: [{ uri: { exact: "/" } }], route: [{ destination: { host: name, port: { number: 80 } } }] }],
  },
});

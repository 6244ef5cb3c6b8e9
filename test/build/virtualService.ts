import type { RouteDestination, VirtualServiceObject } from "../../src/core/traffic/wire.ts";
import { built, type Change } from "./change.ts";
import { at, canaryImage, deploymentName, labels, namespace, revisionOf, stableImage } from "./story.ts";

/** A draft that may be edited: the product's own type is read-only. */
export type VirtualServiceDraft = Writable<VirtualServiceObject>;
type Writable<T> =
  T extends ReadonlyArray<infer Item> ? Array<Writable<Item>> : T extends object ? { -readonly [Key in keyof T]: Writable<T[Key]> } : T;

/** The team's: everything for shop.example.com goes to the Service nginx. */
export function aVirtualService(...changes: ReadonlyArray<Change<VirtualServiceDraft>>): VirtualServiceObject {
  const draft: VirtualServiceDraft = {
    apiVersion: "networking.istio.io/v1",
    kind: "VirtualService",
    metadata: {
      name: deploymentName,
      namespace,
      uid: "70000000-0000-4000-8000-000000000001",
      resourceVersion: "500",
      creationTimestamp: at(-86_400),
      labels: { ...labels },
    },
    spec: {
      hosts: ["shop.example.com"],
      gateways: ["istio-system/public"],
      http: [{ name: "all", route: [{ destination: { host: deploymentName, port: { number: 80 } } }] }],
    },
  };
  return built(draft, changes);
}

/** Split between the revisions of the story, as Serin does it. */
export const split =
  (canaryWeight: number): Change<VirtualServiceDraft> =>
  ({ spec }) => {
    const to = (image: string, weight: number): Writable<RouteDestination> => ({
      destination: { host: deploymentName, port: { number: 80 }, subset: `rev-${revisionOf(image).hash}` },
      weight,
    });
    for (const route of spec.http ?? []) route.route = [to(stableImage, 100 - canaryWeight), to(canaryImage, canaryWeight)];
  };

export const withVirtualServiceSpec =
  (fields: Partial<VirtualServiceDraft["spec"]>): Change<VirtualServiceDraft> =>
  ({ spec }) =>
    void Object.assign(spec, fields);

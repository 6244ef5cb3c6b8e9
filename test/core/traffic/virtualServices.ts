/** Generated VirtualServices for the laws of splitting, and plain ones for the tables. Everything is frozen: a change of an input throws. */

import fc from "fast-check";
import type { Ours } from "../../../src/core/traffic/hosts.ts";
import type { Destination, Route, RouteDestination, VirtualServiceSpec } from "../../../src/core/traffic/wire.ts";

export const stable = "5d59d67564";
export const canary = "7b9f8c6d44";
export const longSubset = `eu-${"x".repeat(52)}-1`;
export const ours: Ours = { namespace: "shop", hosts: [{ name: "nginx", namespace: "shop" }], teamSubsets: ["v1", "rev-blue", longSubset] };
export const at = (weight: number) => ({ ...ours, stable, canary, weight });

export function frozen<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const item of Object.values(value)) frozen(item);
  }
  return value;
}

/** `to("nginx", 70)`, `to("nginx", undefined, {subset: "v1"})`. */
export function to(host: string, weight?: number, more: Partial<Destination> = {}): RouteDestination {
  return frozen({ destination: { host, ...more }, ...(weight === undefined ? {} : { weight }) });
}

export function http(...routes: RouteDestination[][]): VirtualServiceSpec {
  return frozen({ hosts: ["nginx"], http: routes.map((route) => ({ route })) });
}

/** `nginx:rev-5d59d67564 70`, in order: what the eye compares. */
export function told(list: readonly RouteDestination[] | undefined): string[] {
  return (list ?? []).map(({ destination, weight }) => {
    const subset = destination.subset?.replace(stable, "stable").replace(canary, "canary");
    return [subset === undefined ? destination.host : `${destination.host}:${subset}`, weight]
      .filter((part) => part !== undefined)
      .join(" ");
  });
}

const ourHost = fc.constantFrom("nginx", "nginx.shop.svc.cluster.local");
const otherHost = fc.constantFrom("other", "nginx.example.com", "nginx.shop", "nginx.prod.svc.cluster.local");

const destination = fc
  .record(
    {
      host: fc.oneof({ weight: 3, arbitrary: ourHost }, { weight: 2, arbitrary: otherHost }),
      subset: fc.constantFrom("v1", "rev-blue", longSubset),
      port: fc.constant({ number: 80 }),
    },
    { requiredKeys: ["host"] },
  )
  .map((value): Destination => value);

const weightOf = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: 0, max: 100 }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 20_000 }) },
);

const entry = fc
  .record(
    {
      destination,
      weight: weightOf,
      headers: fc.constant({ request: { set: { "x-team": "1" } } }),
      "x-unknown": fc.constant([1, { a: null }]),
    },
    { requiredKeys: ["destination"] },
  )
  .map((value): RouteDestination => value);

const list = fc
  .array(entry, { minLength: 1, maxLength: 4 })
  .filter((entries) => entries.length === 1 || entries.some((one) => (one.weight ?? 0) > 0));

const route = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record(
      {
        timeout: fc.constant("3s"),
        route: list,
        mirror: destination,
        mirrors: fc.array(fc.record({ destination, percentage: fc.constant({ value: 10 }) }), { maxLength: 2 }),
      },
      { requiredKeys: ["route"] },
    ),
  },
  { weight: 1, arbitrary: fc.constant({ redirect: { uri: "/new" } }) },
  { weight: 1, arbitrary: fc.constant({ delegate: { name: "nginx" } }) },
);

/** Routes that differ in what they match, as routes that are reached at all do. */
const routes = fc
  .array(route, { maxLength: 4 })
  .map((all): Route[] => all.map((one, i) => ({ ...(i % 2 ? { name: `r${i}` } : {}), match: [{ port: 80 + i }], ...one })));

/** A spec as a team writes it, valid for Istio. */
export const teamSpec: fc.Arbitrary<VirtualServiceSpec> = fc
  .record(
    { hosts: fc.constant(["nginx"]), http: routes, tls: routes, tcp: routes, "x-unknown": fc.constant({ b: 1, a: 2 }) },
    { requiredKeys: ["hosts", "http"] },
  )
  .map(frozen);

export const weight = fc.oneof(fc.integer({ min: 0, max: 100 }), fc.constantFrom(0, 1, 33, 50, 99, 100));

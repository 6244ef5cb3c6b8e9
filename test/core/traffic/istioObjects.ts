/** A Service, rules and VirtualServices of namespace shop, for the tables. */

import type {
  DestinationRuleObject,
  DestinationRuleSpec,
  ServiceFacts,
  ServicePort,
  VirtualServiceObject,
  VirtualServiceSpec,
} from "../../../src/core/traffic/wire.ts";
import { frozen } from "./virtualServices.ts";

export function aService(ports: readonly ServicePort[] = [{ name: "http", port: 80 }], more: Partial<ServiceFacts> = {}): ServiceFacts {
  return frozen({ name: "nginx", namespace: "shop", selector: { app: "nginx" }, ports, clusterIP: "10.0.0.1", ...more });
}

/** `created` is a day of 2026-01. */
export function aRule(name: string, spec: DestinationRuleSpec, { namespace = "shop", created = 1 } = {}): DestinationRuleObject {
  const creationTimestamp = `2026-01-${String(created).padStart(2, "0")}T00:00:00Z`;
  return frozen({ metadata: { name, namespace, creationTimestamp }, spec });
}

export function aVirtualService(name: string, spec: VirtualServiceSpec, namespace = "shop"): VirtualServiceObject {
  return frozen({ metadata: { name, namespace }, spec });
}

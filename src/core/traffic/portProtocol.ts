/** How Istio speaks on a Service's port. */

import type { ServicePort } from "./wire.ts";

/**
 * `http`: routed by `http` routes. `tcp`: by `tcp` routes. `tls`: by SNI, only by `tls` routes. `detected`: by what the client says first.
 * `none`: UDP and SCTP, which Istio doesn't carry.
 */
export type PortProtocol = "http" | "tcp" | "tls" | "detected" | "none";

const known: Readonly<Record<string, PortProtocol>> = {
  http: "http",
  http2: "http",
  http_proxy: "http",
  grpc: "http",
  tcp: "tcp",
  mongo: "tcp",
  redis: "tcp",
  mysql: "tcp",
  https: "tls",
  tls: "tls",
  udp: "none",
};

const kubernetesNames: Readonly<Record<string, PortProtocol>> = {
  "kubernetes.io/h2c": "http",
  "kubernetes.io/ws": "http",
  "kubernetes.io/wss": "tls",
};

/** SMTP, DNS, MySQL, MongoDB: servers that speak first, or whose first bytes must not be looked at. */
const neverDetected = new Set([25, 53, 3306, 27017]);

/**
 * As istio's `ConvertProtocol` (pkg/config/kube/conversion.go): `appProtocol` counts, else the port's name, either up to the first `-`, in any case.
 * A name that says nothing means protocol detection, except on four well-known ports, which are TCP.
 */
export function portProtocol(port: ServicePort): PortProtocol {
  if (port.protocol === "UDP" || port.protocol === "SCTP") return "none";
  const name = port.appProtocol ?? port.name ?? "";
  const kubernetes = port.appProtocol === undefined ? undefined : kubernetesNames[name];
  if (kubernetes !== undefined) return kubernetes;
  if (name.toLowerCase().startsWith("grpc-web")) return "http";
  const word = name.toLowerCase().split("-")[0] ?? "";
  const found = Object.hasOwn(known, word) ? known[word] : undefined;
  return found ?? (neverDetected.has(port.port) ? "tcp" : "detected");
}

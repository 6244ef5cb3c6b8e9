import type { ServiceFacts } from "./wire.ts";

/** A Service as it is on the wire; only what is read is named. */
interface Service {
  metadata: { namespace?: string; name?: string };
  spec?: {
    selector?: Record<string, string>;
    type?: string;
    clusterIP?: string;
    ports?: ReadonlyArray<{ name?: string; port: number; targetPort?: unknown; protocol?: string; appProtocol?: string }>;
  };
}

/** Undefined for a Service that selects no pods. */
export function serviceFacts({ metadata, spec }: Service): ServiceFacts | undefined {
  if (!spec?.selector || Object.keys(spec.selector).length === 0 || spec.type === "ExternalName") return undefined;
  return {
    namespace: metadata.namespace ?? "",
    name: metadata.name ?? "",
    selector: spec.selector,
    ports: (spec.ports ?? []).map(({ name, port, targetPort, protocol, appProtocol }) => ({
      port,
      ...(name === undefined ? {} : { name }),
      ...(targetPort === undefined ? {} : { targetPort: targetPort as number | string }),
      ...(protocol === undefined ? {} : { protocol }),
      ...(appProtocol === undefined ? {} : { appProtocol }),
    })),
    ...(spec.clusterIP === undefined ? {} : { clusterIP: spec.clusterIP }),
  };
}

/** Whether the Service sends to pods with these labels. */
export const selectsPods = ({ selector }: ServiceFacts, labels: Readonly<Record<string, string>>): boolean =>
  Object.entries(selector).every(([label, value]) => labels[label] === value);

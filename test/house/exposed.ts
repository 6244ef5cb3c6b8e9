import { certificateFigures } from "../../src/tls/certificateFigures.ts";
import { counters } from "../../src/webhook/counters.ts";
import { workerCounters } from "../../src/worker/counters.ts";

export interface Exposed {
  name: string;
  type: string;
  component: "webhook" | "worker" | "certs";
}

/** Every metric that a process of Serin offers at /metrics, Node's own included. */
export async function exposed(): Promise<Exposed[]> {
  const certs = certificateFigures(() => 0);
  certs.failed();
  const texts = {
    webhook: await counters({ process: true }).render(),
    worker: await workerCounters({ process: true, isLeader: () => true }).render(),
    certs: certs.render(),
  };
  return (Object.keys(texts) as Array<keyof typeof texts>).flatMap((component) =>
    [...texts[component].matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = "", type = ""]) => ({ name, type, component })),
  );
}

/** The names under which Prometheus stores it. */
export const storedAs = ({ name, type }: Exposed): string[] =>
  type === "histogram" ? ["_bucket", "_sum", "_count"].map((end) => name + end) : [name];

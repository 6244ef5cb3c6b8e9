import { parseArgs } from "node:util";
import type { ServingCertificate } from "../../src/tls/servingSecret.ts";
import type { RunnableImage } from "./container.ts";
import { LabFault } from "./labFault.ts";

export const OPTIONAL_PARTS = ["serin", "istio", "prometheus"] as const;
export type OptionalPart = (typeof OPTIONAL_PARTS)[number];

export interface LabOptions {
  /** Parts that are left out. */
  readonly without: readonly OptionalPart[];
  /** How long istiod collects changes before it pushes; Istio's own default when absent. `3s` is a slow mesh. */
  readonly debounce?: string;
  /** Prometheus' scrape interval. */
  readonly scrape: string;
  readonly webhooks: number;
  readonly workers: number;
  /** Lives of certificates, as in SERIN_CERT_TIMES: `ca=24s,leaf=8s,trustDelay=1s,margin=1s` rotates all the time. Production's when absent. */
  readonly certTimes?: string;
  /** Somebody else's certificate for the webhook, as cert-manager would provide it: nothing is issued (SERIN_CERTS=provided). */
  readonly providedCertificate?: ServingCertificate;
  /** What Serin asks in Prometheus' place, `http://ip:port` (frontPrometheus.ts). */
  readonly asks?: string;
  /** kube-apiserver's audit log has Deployments with their bodies, so that a reader sees by himself which request changed an image (imageChanges.ts). */
  readonly auditBodies?: boolean;
  /** A folder of Serin's programs as the image has them, `worker.mjs` and so on: run with the NODE_OPTIONS of their containers. Absent: the checkout's source. */
  readonly bundles?: string;
  /** istiod serves its sidecar injector, and kube-apiserver asks it (injector.ts). */
  readonly injector: boolean;
  /** Serin's manifests come by `helm install` (byChart.ts), all of them, and kube-apiserver asks the webhook by its Service. */
  readonly chart: boolean;
  /** Serin's processes run from this image, each in a container of its own (container.ts), instead of from the checkout. */
  readonly image?: RunnableImage;
}

export const DEFAULT_OPTIONS: LabOptions = { without: [], scrape: "2s", webhooks: 1, workers: 2, injector: false, chart: false };

/** Reads the flags of `exec` and `up`. */
export function parseLabOptions(args: readonly string[]): LabOptions {
  const { values } = faulty(() =>
    parseArgs({
      args: [...args],
      options: {
        debounce: { type: "string" },
        scrape: { type: "string", default: DEFAULT_OPTIONS.scrape },
        without: { type: "string", multiple: true, default: [] },
        webhooks: { type: "string", default: String(DEFAULT_OPTIONS.webhooks) },
        workers: { type: "string", default: String(DEFAULT_OPTIONS.workers) },
        "cert-times": { type: "string" },
        injector: { type: "boolean", default: DEFAULT_OPTIONS.injector },
        chart: { type: "boolean", default: DEFAULT_OPTIONS.chart },
      },
    }),
  );
  return {
    without: values.without.map(optionalPart),
    ...(values.debounce === undefined ? {} : { debounce: duration("--debounce", values.debounce) }),
    scrape: duration("--scrape", values.scrape),
    webhooks: count("--webhooks", values.webhooks),
    workers: count("--workers", values.workers),
    ...(values["cert-times"] === undefined ? {} : { certTimes: values["cert-times"] }),
    injector: values.injector,
    chart: values.chart,
  };
}

function optionalPart(value: string): OptionalPart {
  const part = OPTIONAL_PARTS.find((name) => name === value);
  if (part === undefined) throw new LabFault(`--without ${value}: one of ${OPTIONAL_PARTS.join(", ")} is meant`);
  return part;
}

function duration(flag: string, value: string): string {
  if (!/^\d+(ms|s|m)$/.test(value)) throw new LabFault(`${flag} ${value}: a duration such as 500ms, 3s or 1m is meant`);
  return value;
}

function count(flag: string, value: string): number {
  if (!/^\d{1,2}$/.test(value)) throw new LabFault(`${flag} ${value}: a number from 0 to 99 is meant`);
  return Number(value);
}

function faulty<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new LabFault((error as Error).message);
  }
}

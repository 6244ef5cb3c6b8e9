import { performance } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import { connectCluster } from "./kubelet/clusterClient.ts";

export interface FailedReview {
  /** Milliseconds since the epoch, when it was due. */
  at: number;
  message: string;
}

export interface ReviewLoad {
  /** Changes that were answered well, each with a review. */
  answered(): number;
  /** Every error, whatever its cause: with failurePolicy Fail, an unanswered review is one. */
  failures(from?: number): FailedReview[];
  stop(): Promise<void>;
}

/** A strategic merge patch of the pod template. */
export type TemplateChange = (n: number) => unknown;

const annotated: TemplateChange = (n) => ({ metadata: { annotations: { n: String(n) } } });

/**
 * Dry-run changes of a Deployment's template through kube-apiserver, so many a second, over keep-alive connections: each asks the webhook. Sent on a
 * fixed schedule, whether or not earlier ones were answered.
 */
export function startReviewLoad(kubeconfig: string, deployment: string, rate: number, change: TemplateChange = annotated): ReviewLoad {
  const client = connectCluster(kubeconfig, "review-load");
  const path = `/apis/apps/v1/namespaces/default/deployments/${deployment}?dryRun=All&fieldManager=review-load`;
  const failed: FailedReview[] = [];
  const underWay = new Set<Promise<void>>();
  const started = performance.now();
  let [sent, answered] = [0, 0];
  let running = true;

  const send = async (n: number): Promise<void> => {
    const at = Date.now();
    try {
      await client.patch(path, { spec: { template: change(n) } });
      answered += 1;
    } catch (error) {
      failed.push({ at, message: (error as Error).message });
    }
  };
  const loop = (async () => {
    while (running) {
      for (const due = ((performance.now() - started) * rate) / 1_000; sent < due; sent++) {
        const sending = send(sent).finally(() => underWay.delete(sending));
        underWay.add(sending);
      }
      await delay(5);
    }
  })();

  return {
    answered: () => answered,
    failures: (from = 0) => failed.filter(({ at }) => at >= from),
    async stop() {
      running = false;
      await loop;
      await Promise.all(underWay);
      await client.close();
    },
  };
}

import { setTimeout as delay } from "node:timers/promises";
import { ApiError, type ClusterClient } from "./clusterClient.ts";
import type { Pod, PodStatus } from "./pod.ts";

/**
 * Writes one pod's status. One write at a time per pod, and what was asked for in the meantime becomes one further write
 * with the state of then: 300 pods that change often must not queue up writes that nobody will read.
 */
export function statusWriter(
  client: ClusterClient,
  log: (line: string) => void,
  status: () => { pod: Pod; status: PodStatus } | undefined,
) {
  let writing: Promise<void> | undefined;
  let again = false;

  async function writeAll(): Promise<void> {
    do {
      again = false;
      const wanted = status();
      if (wanted === undefined) return;
      const { namespace, name, uid } = wanted.pod.metadata;
      try {
        await client.patch(`/api/v1/namespaces/${namespace}/pods/${name}/status`, { metadata: { uid }, status: wanted.status });
      } catch (error) {
        // Gone, or a namesake with another uid: there is nobody left to write about.
        if (error instanceof ApiError && (error.status === 404 || error.status === 409)) return;
        log(`status of ${namespace}/${name}: ${error instanceof Error ? error.message : error}, again in 500 ms`);
        await delay(500);
        again = true;
      }
    } while (again);
  }

  return (): Promise<void> => {
    if (writing === undefined) {
      writing = writeAll().finally(() => {
        writing = undefined;
      });
    } else {
      again = true;
    }
    return writing;
  };
}

import { setTimeout as delay } from "node:timers/promises";
import { ApiError, type ClusterClient } from "./clusterClient.ts";
import { imageBehaviour } from "./imageBehaviour.ts";
import { isHollow, mainContainer, type Pod, portsOf } from "./pod.ts";
import { type PodServer, servePod } from "./podServer.ts";
import { apiTime, type PodLife, podStatus } from "./podStatus.ts";
import { statusWriter } from "./statusWriter.ts";

export interface RunningPod {
  readonly address: string;
  /** The pod as the watch shows it now; the first one with a deletionTimestamp begins its end. */
  seen(pod: Pod): void;
  /** The object is gone: whatever still runs is killed. */
  gone(): void;
}

export interface PodSurroundings {
  readonly client: ClusterClient;
  readonly log: (line: string) => void;
  readonly address: string;
  readonly hostAddress: string;
  /** The how-manyth pod of its image. */
  readonly nth: number;
}

const READY_AFTER_MS = 1_000;
const ACCEPT_AFTER_DELETION_MS = 1_000;
const PULL_BACK_OFF_AFTER_MS = 1_000;
/** A real kubelet's 10 s … 5 min, shortened so that a test sees several restarts. */
const CRASH_BACK_OFF_MS = [1_000, 2_000, 4_000, 8_000, 15_000];

/**
 * Runs one pod from its first sight to its end.
 *
 *   seen ──► serving ──1 s──► ready ··· deletionTimestamp ──► not ready, answers with Connection: close
 *                                          ──1 s──► refuses new connections ──► open requests done ──► object deleted
 */
export function runPod(first: Pod, around: PodSurroundings): RunningPod {
  const { client, log, address, hostAddress } = around;
  const { namespace, name, uid } = first.metadata;
  const main = mainContainer(first);
  const behaviour = imageBehaviour(main.image);
  const images = [...first.spec.containers, ...(first.spec.initContainers ?? [])].map((c) => imageBehaviour(c.image));
  const ended = new AbortController();
  let pod = first;
  let server: PodServer | undefined;
  // A pod that an earlier kubelet process had made ready stays so.
  const readyBefore = first.status?.conditions?.find((c) => c.type === "Ready" && c.status === "True")?.lastTransitionTime;
  let readySince = readyBefore === undefined ? undefined : Date.parse(readyBefore);
  let life: PodLife = {
    address,
    hostAddress,
    startedAt: first.status?.startTime ?? apiTime(Date.now()),
    readyAt: readyBefore,
    leaving: false,
    restarts: 0,
    pullBackOff: false,
  };
  const writeStatus = statusWriter(client, log, () =>
    ended.signal.aborted ? undefined : { pod, status: podStatus(pod, life, apiTime(Date.now())) },
  );
  const become = (change: Partial<PodLife>) => {
    life = { ...life, ...change };
    return writeStatus();
  };
  /** Resolves false when the pod ended before. */
  const wait = (ms: number) => delay(ms, true, { signal: ended.signal }).catch(() => false);

  async function live(): Promise<void> {
    if (!isHollow(pod) && !behaviour.crash && !behaviour.notFound) {
      const secondsReady = () => (readySince === undefined ? 0 : (Date.now() - readySince) / 1000);
      const started = await servePod({
        pod: name,
        address,
        ports: portsOf(pod),
        image: main.image,
        behaviour,
        nth: around.nth,
        secondsReady,
      });
      if (ended.signal.aborted) return started.kill();
      server = started;
      if (life.leaving) server.leave();
    }
    await become({});
    if (images.some((i) => i.crash)) void crashAgainAndAgain();
    if (images.some((i) => i.notFound)) void backOffPulling();
    if (readySince !== undefined || !(await wait(READY_AFTER_MS)) || life.leaving) return;
    readySince = Date.now();
    await become({ readyAt: apiTime(readySince) });
    if (podStatus(pod, life, "").conditions?.some((c) => c.type === "Ready" && c.status === "True"))
      log(`ready ${namespace}/${name} ${address}`);
  }

  async function crashAgainAndAgain(): Promise<void> {
    for (let restarts = 1; !life.leaving; restarts++) {
      const backOff = CRASH_BACK_OFF_MS[Math.min(restarts, CRASH_BACK_OFF_MS.length) - 1] ?? 0;
      if (!(await wait(backOff)) || life.leaving) return;
      await become({ restarts, crashedAt: apiTime(Date.now()) });
    }
  }

  async function backOffPulling(): Promise<void> {
    if (await wait(PULL_BACK_OFF_AFTER_MS)) await become({ pullBackOff: true });
  }

  async function leave(): Promise<void> {
    const grace = (pod.metadata.deletionGracePeriodSeconds ?? 30) * 1000;
    const killAt = Date.now() + grace;
    server?.leave();
    void become({ leaving: true });
    if (!(await wait(Math.min(ACCEPT_AFTER_DELETION_MS, grace)))) return;
    if (server !== undefined) {
      const drained = await Promise.race([server.drain().then(() => true), wait(Math.max(0, killAt - Date.now())).then(() => false)]);
      if (!drained) server.kill();
    }
    await remove();
  }

  async function remove(): Promise<void> {
    for (;;) {
      try {
        return await client.delete(`/api/v1/namespaces/${namespace}/pods/${name}`, { gracePeriodSeconds: 0, preconditions: { uid } });
      } catch (error) {
        if (error instanceof ApiError && (error.status === 404 || error.status === 409)) return;
        log(`delete ${namespace}/${name}: ${error instanceof Error ? error.message : error}, again in 500 ms`);
        if (!(await wait(500))) return;
      }
    }
  }

  live().catch((error: unknown) => log(`pod ${namespace}/${name} on ${address} can't run: ${error}`));

  return {
    address,
    seen(now) {
      pod = now;
      if (now.metadata.deletionTimestamp !== undefined && !life.leaving) {
        log(`leave ${namespace}/${name} ${address}`);
        leave().catch((error: unknown) => log(`end of ${namespace}/${name}: ${error}`));
      } else if (now.spec.readinessGates !== undefined && gateTurned(now)) void writeStatus();
    },
    gone() {
      ended.abort();
      server?.kill();
    },
  };

  function gateTurned(now: Pod): boolean {
    const ready = (conditions = now.status?.conditions) => conditions?.find((c) => c.type === "Ready")?.status;
    return now.status?.podIP !== undefined && ready() !== ready(podStatus(now, life, "").conditions);
  }
}

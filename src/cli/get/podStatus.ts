import type { Pod } from "../../kube/object.ts";
import type { Status } from "./row.ts";

type ContainerStatus = NonNullable<NonNullable<Pod["status"]>["containerStatuses"]>[number];

/** The word of kubectl's own STATUS column for pods, and whether it is good. */
export function podStatus({ metadata, status }: Pod): Status {
  const containers = status?.containerStatuses ?? [];
  const phase = status?.phase ?? "Unknown";
  if (metadata.deletionTimestamp) return { look: "progressing", word: "Terminating" };
  const waiting = containers.map((each) => each.state?.waiting?.reason).find((reason) => reason !== undefined);
  if (waiting !== undefined) return { look: isTrouble(waiting) ? "bad" : "progressing", word: waiting };
  const ended = containers.map((each) => each.state?.terminated?.reason).find((reason) => reason !== undefined);
  if (ended !== undefined && phase !== "Succeeded") return { look: "bad", word: ended };
  if (phase === "Running") return { look: containers.every((each) => each.ready) ? "ok" : "progressing", word: "Running" };
  if (phase === "Succeeded") return { look: "ok", word: "Completed" };
  if (phase === "Failed") return { look: "bad", word: status?.reason ?? "Failed" };
  return phase === "Pending" ? { look: "progressing", word: "Pending" } : { look: "unknown", word: phase };
}

/** CrashLoopBackOff, ImagePullBackOff, ErrImagePull, CreateContainerConfigError, InvalidImageName … */
const isTrouble = (reason: string): boolean => /BackOff|^Err|Error|Invalid/.test(reason);

/** `ready:1/1`, and `restarts:2` when there were any. */
export function podInfo({ spec, status }: Pod): string {
  const containers = status?.containerStatuses ?? [];
  const ready = containers.filter((each) => each.ready).length;
  const restarts = containers.reduce((sum: number, each: ContainerStatus) => sum + (each.restartCount ?? 0), 0);
  return `ready:${ready}/${spec?.containers?.length ?? containers.length}${restarts > 0 ? `,restarts:${restarts}` : ""}`;
}

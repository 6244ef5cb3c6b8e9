import { planOf } from "./plans.ts";
import { type RecordedEvent, stamp } from "./recordedEvent.ts";
import { replay } from "./replay.ts";

/**
 * I4: each CanaryPlan ends in exactly one terminal phase, which never changes, and no two plans answer one request.
 * `underWay: true` lets plans be unfinished at the end of the record.
 */
export function checkPlanEndings(events: readonly RecordedEvent[], options: { underWay?: boolean } = {}): string[] {
  const endings = new Map<string, string>();
  const requests = new Map<string, { uid: string; name: string }>();
  const found: string[] = [];

  const world = replay(events, (event) => {
    if (event.kind !== "CanaryPlan") return;
    const { phase, ended, request } = planOf(event);
    const uid = event.object.metadata.uid ?? `${event.ns}/${event.name}`;
    const ending = endings.get(uid);
    if (event.type === "DELETED") {
      if (ending === undefined) found.push(`${stamp(event)}: deleted in phase "${phase}", which is no end`);
      return;
    }
    if (ending === undefined && ended) endings.set(uid, phase);
    if (ending !== undefined && phase !== ending) {
      found.push(`${stamp(event)}: had ended ${ending} and became "${phase}"`);
      endings.set(uid, phase);
    }
    if (request === undefined) return;
    const other = requests.get(request);
    if (other !== undefined && other.uid !== uid) found.push(`${stamp(event)}: answers request ${request}, as ${other.name} already does`);
    else requests.set(request, { uid, name: event.name });
  });

  if (options.underWay) return found;
  const open = world.list("CanaryPlan").filter((plan) => !planOf(plan).ended);
  return [...found, ...open.map((plan) => `${stamp(plan)}: is still in phase "${planOf(plan).phase}" at the end of the record`)];
}

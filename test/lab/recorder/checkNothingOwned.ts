import { type RecordedEvent, stamp } from "./recordedEvent.ts";
import { replay } from "./replay.ts";

const TEAMS_KINDS = ["Deployment", "VirtualService", "Service"];

/** I13: at the end of the record no managedFields entry of ours is left on a team's object. */
export function checkNothingOwned(events: readonly RecordedEvent[]): string[] {
  const world = replay(events, () => undefined);
  return TEAMS_KINDS.flatMap((kind) => world.list(kind)).flatMap((event) =>
    (event.object.metadata.managedFields ?? [])
      .filter(({ manager }) => manager?.startsWith("serin"))
      .map(({ manager, operation, subresource }) => {
        const entry = subresource === undefined ? operation : `${operation} of ${subresource}`;
        return `${stamp(event)}: managedFields still has an entry of "${manager}" (${entry})`;
      }),
  );
}

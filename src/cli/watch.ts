import type { CanaryPlan } from "../api/plan.ts";
import { printable } from "./cut.ts";
import { render, type Style } from "./get/render.ts";
import { viewOf } from "./get/view.ts";
import type { Io } from "./io.ts";
import { isPlanDue, type Scene } from "./scene.ts";
import { outcomeOf } from "./standing.ts";
import { exitCodes } from "./userError.ts";

/** Ages and countdowns tick once per second, and so often the cluster is asked. */
const tick = 1_000;

/** What ends the loop, and how it shows what it sees. */
export interface Watching {
  show: Show;
  /** The exit code of a look that is the last one. */
  outcome(scene: Scene): number | undefined;
  /** Milliseconds since the epoch; then `late` says what to exit with. */
  until?: number;
  late?(scene: Scene): number;
}

/** `get -w`: on a terminal the picture is drawn anew; elsewhere, and where nothing can be drawn over (TERM=dumb), only what is new is appended. */
export const picture = (io: Io, style: Omit<Style, "width">): Watching => ({
  show: io.screen() === undefined || io.env["TERM"] === "dumb" ? appended(io) : drawn(io, style),
  outcome: outcomeOf,
});

/**
 * The one loop: look, show, wait, until the plan has ended. `look` may fail now and then (a rolling API server); then that is said, and the last
 * picture stays.
 */
export async function watch(io: Io, look: () => Promise<Scene>, { show, outcome, until, late }: Watching): Promise<number> {
  let last: Scene | undefined;
  try {
    while (!io.interrupted.aborted) {
      let trouble: string | undefined;
      try {
        last = await look();
      } catch (error) {
        if (last === undefined) throw error;
        trouble = `the cluster does not answer, trying again: ${(error as Error).message}`;
      }
      show.update(last, trouble);
      const code = trouble === undefined ? outcome(last) : undefined;
      if (code !== undefined) return code;
      const left = until === undefined ? tick : Math.min(tick, until - io.now());
      if (left <= 0) return late?.(last) ?? exitCodes.stillRunning;
      await io.sleep(left);
    }
    return exitCodes.interrupted;
  } finally {
    show.end();
  }
}

export interface Show {
  update(scene: Scene, trouble: string | undefined): void;
  end(): void;
}

const hideCursor = "\x1b[?25l";
const showCursor = "\x1b[?25h";
const clearAll = "\x1b[2J\x1b[H";
const home = "\x1b[H";
const clearLine = "\x1b[K";
const clearBelow = "\x1b[J";

/** Draws over the last picture line by line, without clearing first, so that nothing flickers. */
function drawn(io: Io, style: Omit<Style, "width">): Show {
  let begun = false;
  return {
    update(scene, trouble) {
      const { columns, rows } = io.screen() ?? { columns: 80, rows: 24 };
      const lines = render(viewOf(scene, io.now()), { ...style, width: columns });
      if (trouble !== undefined) lines.push("", printable(trouble).slice(0, columns));
      const seen =
        lines.length < rows ? lines : [...lines.slice(0, rows - 2), `(${lines.length - rows + 2} more lines: make the window higher)`];
      io.out(`${begun ? home : `${hideCursor}${clearAll}`}${seen.map((line) => `${line}${clearLine}\n`).join("")}${clearBelow}`);
      begun = true;
    },
    end() {
      if (begun) io.out(showCursor);
    },
  };
}

/** For logs of pipelines: each decision once, in the words of the plan's journal. */
export function appended(io: Io): Show {
  const said = new Set<string>();
  const say = (line: string) => {
    if (said.has(line)) return;
    said.add(line);
    io.out(`${printable(line)}\n`);
  };
  return {
    update(scene, trouble) {
      if (isPlanDue(scene)) say(`${scene.namespace}/${scene.name}: the change is held and waits for Serin's worker to make its plan`);
      else if (scene.plan === undefined) say(`${scene.namespace}/${scene.name}: no canary plan`);
      else for (const line of story(scene.plan)) say(line);
      if (trouble !== undefined) say(trouble);
    },
    end: () => undefined,
  };
}

function story({ metadata, spec, status }: CanaryPlan): string[] {
  const images = `${spec.stable.images.join(", ")} -> ${spec.canary.images.join(", ")}`;
  const about = `${metadata.creationTimestamp ?? ""} CanaryPlan ${metadata.namespace}/${metadata.name}: ${images}`;
  const journal = (status?.journal ?? []).map(({ at, reason, message }) => `${at} ${reason}: ${message}`);
  const told = status?.journal?.at(-1)?.reason === status?.phase;
  const ended = status?.finishedAt !== undefined && !told ? [`${status.finishedAt} ${status.phase}: ${status.message}`] : [];
  return [about.trim(), ...journal, ...ended];
}

import { printable } from "../cut.ts";
import type { Io } from "../io.ts";
import type { Show } from "../watch.ts";
import { canaryView } from "./canaryView.ts";
import { type Format, printObject } from "./format.ts";

/** NDJSON: one object a line, whenever more than the time has changed. A cluster that doesn't answer is told on standard error. */
export function objects(io: Io, format: Format, withPods = true): Show {
  let before = "";
  return {
    update(scene, trouble) {
      if (trouble !== undefined) io.err(`${printable(trouble)}\n`);
      const view = canaryView(scene, io.now(), withPods);
      const { next: _, ...plan } = view.plan ?? {};
      const now = JSON.stringify({ ...view, plan });
      if (now === before) return;
      before = now;
      printObject(io, format, view, [`deployment.apps/${view.name}`], true);
    },
    end: () => undefined,
  };
}

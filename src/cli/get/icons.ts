import type { Look, RowIcon } from "./row.ts";

/** The signs of one screen. Those of Argo Rollouts where it has them; a second set for terminals and logs that know only ASCII. */
export interface Icons {
  kind: Record<RowIcon, string>;
  look: Record<Look, string>;
  /** Before a child that has younger siblings, before the last one, and below each of them. */
  branch: { middle: string; last: string; below: string; blank: string };
  bar: { full: string; empty: string };
  ellipsis: string;
}

export const unicode: Icons = {
  kind: { Deployment: "⟳", Revision: "#", ReplicaSet: "⧉", Pod: "□", CanaryPlan: "Σ", Step: "›", Metric: "α", VirtualService: "⇄" },
  look: { ok: "✔", bad: "✖", warning: "⚠", progressing: "◌", waiting: "◷", paused: "॥", unknown: "?", neutral: "•" },
  branch: { middle: "├──", last: "└──", below: "│  ", blank: "   " },
  bar: { full: "█", empty: "░" },
  ellipsis: "…",
};

export const ascii: Icons = {
  kind: { Deployment: "*", Revision: "#", ReplicaSet: "%", Pod: "o", CanaryPlan: "=", Step: ">", Metric: "a", VirtualService: "~" },
  look: { ok: "+", bad: "x", warning: "!", progressing: "@", waiting: "-", paused: "|", unknown: "?", neutral: "." },
  branch: { middle: "|--", last: "`--", below: "|  ", blank: "   " },
  bar: { full: "#", empty: "." },
  ellipsis: "~",
};

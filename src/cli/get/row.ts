import type { CanaryPlan } from "../../api/plan.ts";

/** How something is doing. `render.ts` knows the icon and the colour of each. */
export type Look = "ok" | "bad" | "warning" | "progressing" | "waiting" | "paused" | "unknown" | "neutral";

export interface Status {
  look: Look;
  word: string;
}

/** A part of the column INFO, or of a value in the header. */
export type Info =
  | { is: "text"; text: string; look?: Look }
  /** `███░░░░░░░ 30%`: the canary's share. */
  | { is: "bar"; percent: number }
  /** `✔ 3,✖ 1` */
  | { is: "counts"; counts: Array<[Look, number]> };

export type RowIcon = "Deployment" | "Revision" | "ReplicaSet" | "Pod" | "CanaryPlan" | "Step" | "Metric" | "VirtualService";

export interface Row {
  icon: RowIcon;
  name: string;
  kind: string;
  status: Status | undefined;
  age: string;
  info: Info[];
  children: Row[];
}

export interface HeaderLine {
  /** Empty: goes on from the line above. */
  label: string;
  indented: boolean;
  value: Info[];
  status?: Status;
}

/** What there is to show, without saying how: the same for a screen, a watch and a test. */
export interface View {
  header: HeaderLine[];
  tree: Row;
  next: string | undefined;
}

export const text = (value: string, look?: Look): Info =>
  look === undefined ? { is: "text", text: value } : { is: "text", text: value, look };

const phaseLooks: Record<NonNullable<CanaryPlan["status"]>["phase"], Look> = {
  Preparing: "progressing",
  Progressing: "progressing",
  Paused: "paused",
  Promoting: "progressing",
  Promoted: "ok",
  RollingBack: "bad",
  RolledBack: "bad",
  Held: "warning",
  Cancelling: "progressing",
  Cancelled: "neutral",
  Superseded: "neutral",
  Bypassed: "warning",
};

/** Icon and word of a plan. One without a status has just been made. */
export function planStatus(plan: CanaryPlan): Status {
  const phase = plan.status?.phase ?? "Preparing";
  return { look: phaseLooks[phase], word: phase };
}

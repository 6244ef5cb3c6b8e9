import { type CanaryPlan, isLive } from "../../api/plan.ts";
import type { ConnectOptions } from "../connected.ts";
import { printable } from "../cut.ts";
import type { Io } from "../io.ts";
import { isOnItsWayBack, waitsForPerson } from "../standing.ts";
import { stepInWords } from "../step.ts";
import { UserError } from "../userError.ts";
import { ask, askedBy, askSafely, write } from "./ask.ts";
import { livePlan, type Subject, withSubject } from "./subject.ts";

type Action = (io: Io, words: readonly string[], options: ConnectOptions) => Promise<number>;

export interface PromoteOptions extends ConnectOptions {
  full?: boolean;
  yes?: boolean;
}

/** `kubectl serin approve`: opens the gate that the plan stands at, and no other. */
export const approve: Action = (io, words, options) =>
  withSubject(io, words, options, "approve", async (subject) => {
    const plan = moving(subject, "approve");
    const step = plan.status?.step?.index ?? 0;
    const reason = plan.status?.reason;
    if (plan.status?.phase !== "Paused" || (reason === "PausedByUser" && !isGate(plan)))
      throw refused(subject, "approve", {
        why: `plan ${plan.metadata.name} waits for no approval (${standing(plan)})`,
        todo: `to end the pause now in force: kubectl serin promote ${target(subject)}`,
      });
    if (isAskedAlready(plan, step)) return told(io, subject, `step ${step + 1} was approved already, by ${askedBy(plan, "approve")}`);
    const by = await ask(subject.cluster.client, plan, "approve", { step }, "approve");
    const held = plan.spec.control.hold !== undefined;
    return told(
      io,
      subject,
      `approved by ${by}: step ${step + 1}/${total(plan)} of plan ${plan.metadata.name}`,
      held ? `nothing yet: it is on hold; kubectl serin resume ${target(subject)}` : after(plan, step),
    );
  });

/** `kubectl serin hold`: stays at the weight now in force, and judged, until `resume`. */
export const hold: Action = (io, words, options) =>
  withSubject(io, words, options, "hold", async (subject) => {
    const plan = moving(subject, "hold");
    const { hold: before } = plan.spec.control;
    const holder = askedBy(plan, "hold");
    if (before) return told(io, subject, `on hold already${holder === undefined ? "" : `, by ${holder} since ${before.at}`}`);
    const by = await askSafely(subject.cluster.client, plan, "hold");
    return told(
      io,
      subject,
      `on hold${byWhom(by)}: plan ${plan.metadata.name} stays at weight ${plan.status?.weight?.desired ?? 0}`,
      `its metrics are still judged, and a failure rolls it back; go on with: kubectl serin resume ${target(subject)}`,
    );
  });

/** `kubectl serin resume`: takes a hold away. */
export const resume: Action = (io, words, options) =>
  withSubject(io, words, options, "resume", async (subject) => {
    const plan = livePlan(subject, "resume");
    if (plan.spec.control.hold === undefined)
      throw refused(subject, "resume", {
        why: `plan ${plan.metadata.name} is not on hold (${standing(plan)})`,
        todo: waitsForPerson(plan)
          ? `it waits for an approval: kubectl serin approve ${target(subject)}`
          : `to end the pause now in force: kubectl serin promote ${target(subject)}`,
      });
    await write(subject.cluster.client, plan, "hold", null);
    const step = plan.status?.step?.index ?? 0;
    const now = plan.spec.policy?.spec.steps[step];
    return told(
      io,
      subject,
      `no longer on hold: plan ${plan.metadata.name}`,
      now ? `it goes on with step ${step + 1}/${total(plan)}: ${stepInWords(now)}` : "the promotion",
    );
  });

/** `kubectl serin promote`: ends the pause now in force; with `--full` the rest of the steps too. */
export const promote = (io: Io, words: readonly string[], options: PromoteOptions): Promise<number> =>
  withSubject(io, words, options, "promote", async (subject) => {
    const plan = moving(subject, "promote");
    const step = plan.status?.step?.index ?? 0;
    const images = plan.spec.canary.images.join(", ");
    if (options.full && !options.yes)
      await sure(io, subject, `Promote ${images} in full, without the ${Math.max(0, total(plan) - step)} steps that are left?`);
    const wish = options.full ? { full: true } : {};
    const by = await ask(subject.cluster.client, plan, "promote", wish, "promote");
    if (options.full)
      return told(
        io,
        subject,
        `promoted in full by ${by}: plan ${plan.metadata.name}`,
        `${images} gets all requests once its pods are ready; no metric is asked any more`,
      );
    const isPause = plan.spec.policy?.spec.steps[step]?.pause !== undefined;
    return told(
      io,
      subject,
      `promoted by ${by}: ${isPause ? `the pause of step ${step + 1}/${total(plan)}` : "the next pause"} of plan ${plan.metadata.name} ends now`,
      isPause ? after(plan, step) : `step ${step + 1}/${total(plan)} finishes first`,
    );
  });

/** `kubectl serin abort`: back to stable now. */
export const abort: Action = (io, words, options) =>
  withSubject(io, words, options, "abort", async (subject) => {
    const plan = livePlan(subject, "abort");
    return abortPlan(io, subject, plan);
  });

/** Also what `undo` does to a plan that is under way. */
export async function abortPlan(io: Io, subject: Subject, plan: CanaryPlan): Promise<number> {
  if (isOnItsWayBack(plan)) return told(io, subject, `plan ${plan.metadata.name} is on its way back already (${standing(plan)})`);
  if (plan.spec.control.abort) return told(io, subject, `abort was asked for already${byWhom(askedBy(plan, "abort"))}`);
  const by = await askSafely(subject.cluster.client, plan, "abort");
  return told(io, subject, `aborted${byWhom(by)}: plan ${plan.metadata.name}`, afterAbort(plan));
}

function afterAbort(plan: CanaryPlan): string {
  const back =
    plan.spec.policy?.spec.onFailure === "Hold"
      ? "the Deployment stays held on stable (onFailure: Hold)"
      : `the template of ${plan.spec.stable.images.join(", ")} goes back into the Deployment`;
  const all = `all requests go to stable at once, then ${back}`;
  return plan.status?.phase === "Promoting" ? `${all}; unless the pods have been handed over: then the promotion finishes first` : all;
}

/** Live, and neither being promoted nor on its way back, where nothing but the end comes. */
function moving(subject: Subject, verb: string): CanaryPlan {
  const plan = livePlan(subject, verb);
  if (plan.status?.phase !== "Promoting" && !isOnItsWayBack(plan)) return plan;
  throw refused(subject, verb, {
    why: `plan ${plan.metadata.name} ends by itself (${standing(plan)})`,
    todo: `follow it: kubectl serin status ${target(subject)}`,
  });
}

async function sure(io: Io, subject: Subject, question: string): Promise<void> {
  if ((await io.confirm(printable(question))) !== false) return;
  throw refused(subject, "promote", { why: "it was not confirmed, so nothing was changed", todo: "answer yes, or say --yes" });
}

/** Says what was done, what comes next, and how to follow it. */
export function told(io: Io, { name, namespace, plan }: Subject, done: string, next?: string): number {
  io.out(`${printable(done)}\n${next === undefined ? "" : `next: ${printable(next)}\n`}`);
  if (plan !== undefined && isLive(plan)) io.out(`follow it: kubectl serin get deploy/${name} -n ${namespace} -w\n`);
  return 0;
}

export const refused = ({ typed }: Subject, verb: string, { why, todo }: { why: string; todo: string }): UserError =>
  new UserError({ what: `can't ${verb} ${typed}`, why, todo });

export const target = ({ name, namespace }: Subject): string => `deploy/${name} -n ${namespace}`;

const total = (plan: CanaryPlan): number => plan.spec.policy?.spec.steps.length ?? 0;
const byWhom = (by: string | undefined): string =>
  by === undefined ? " (nobody recorded by whom: Serin's webhook was not asked)" : ` by ${by}`;
const standing = ({ status }: CanaryPlan): string => `${status?.phase ?? "Preparing"}${status === undefined ? "" : `, ${status.reason}`}`;

const isGate = (plan: CanaryPlan): boolean => {
  const pause = plan.spec.policy?.spec.steps[plan.status?.step?.index ?? 0]?.pause;
  return pause !== undefined && pause.duration === undefined;
};

/** Asked for this very step, stamped, and not used by the worker yet. */
function isAskedAlready(plan: CanaryPlan, step: number): boolean {
  const { approve: asked } = plan.spec.control;
  if (asked?.step !== step || askedBy(plan, "approve") === undefined) return false;
  return !plan.status?.approvals?.some(({ by, at, how }) => how === "control.approve" && by === asked.by && at === asked.at);
}

/** What the plan does once this step is over. */
function after(plan: CanaryPlan, step: number): string {
  const next = plan.spec.policy?.spec.steps[step + 1];
  return next === undefined ? "the promotion, if the metrics in force pass" : `step ${step + 2}/${total(plan)}: ${stepInWords(next)}`;
}

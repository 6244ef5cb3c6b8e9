import { formatDuration, parseDuration } from "../api/duration.ts";
import { isLive } from "../api/plan.ts";
import { type ConnectOptions, connected } from "./connected.ts";
import { printable } from "./cut.ts";
import { existing } from "./get/get.ts";
import { nextOf } from "./get/next.ts";
import type { Cluster, Io } from "./io.ts";
import { lookBriefly } from "./lookUp.ts";
import { canaryView } from "./output/canaryView.ts";
import { formatOf, isForPeople, printObject } from "./output/format.ts";
import { objects } from "./output/objects.ts";
import { isOvertaken, isPlanDue, type Scene } from "./scene.ts";
import { isOnItsWayBack, isPast, outcomeOf, waitsForPerson } from "./standing.ts";
import { deploymentNamed } from "./target.ts";
import { exitCodes, UserError } from "./userError.ts";
import { appended, type Show, watch } from "./watch.ts";

export interface StatusOptions extends ConnectOptions {
  watch?: boolean;
  /** `-w` was typed, not just meant: with `-o json` each change is a line. */
  each?: boolean;
  /** A duration; "0" is for ever. */
  timeout: string;
  output?: string;
}

/** `kubectl serin status deploy/NAME`: follows the plan until it ends or waits for a person. */
export const status = (io: Io, words: readonly string[], options: StatusOptions): Promise<number> =>
  follow(io, words, options, {
    verb: "status",
    show: () => appended(io),
    outcome: (scene) => ended(scene) ?? (stopsAtPerson(scene) ? exitCodes.waitingForPerson : undefined),
  });

/** `kubectl serin wait deploy/NAME`: sits through gates, and prints one line. */
export const wait = (io: Io, words: readonly string[], options: StatusOptions): Promise<number> =>
  follow(io, words, options, { verb: "wait", show: () => silent, outcome: ended });

const silent: Show = { update: () => undefined, end: () => undefined };

const ended = (scene: Scene): number | undefined => (!isPlanDue(scene) && isPast(scene) ? exitCodes.noPlan : outcomeOf(scene));

const stopsAtPerson = (scene: Scene): boolean => !isAwaited(scene) && scene.plan !== undefined && waitsForPerson(scene.plan);

/** The plan of what was asked last is still to come. */
const isAwaited = (scene: Scene): boolean => isPlanDue(scene) || isOvertaken(scene);

interface Following {
  verb: string;
  show(): Show;
  outcome(scene: Scene): number | undefined;
}

async function follow(io: Io, words: readonly string[], options: StatusOptions, { verb, show, outcome }: Following): Promise<number> {
  const name = deploymentNamed(words, verb, "follow");
  const format = formatOf(options.output);
  const limit = milliseconds(options.timeout);
  const cluster = connected(io, options);
  try {
    const look = pinned(cluster, cluster.namespace, name);
    const until = limit === 0 ? {} : { until: io.now() + limit };
    const isStream = options.each === true && !isForPeople(format);
    let last: Scene | undefined;
    const shown = async () => {
      if (isStream) return objects(io, format, false);
      return isForPeople(format) && !isAnswered(await seen()) ? show() : silent;
    };
    const seen = async () => {
      last = await look();
      return last;
    };
    const code = options.watch === false ? atOnce(await seen()) : await watch(io, seen, { show: await shown(), outcome, late, ...until });
    if (last !== undefined && code !== exitCodes.interrupted) {
      if (isForPeople(format)) io.out(`${printable(lineOf(last, io.now()))}\n`);
      else if (!isStream) printObject(io, format, canaryView(last, io.now()), [`deployment.apps/${name}`]);
    }
    if (code === exitCodes.stillRunning && options.watch !== false)
      io.err(`error: timed out after ${formatDuration(limit)}: the plan goes on\n`);
    return code;
  } finally {
    await cluster.close();
  }
}

/** The story of a plan that has ended before anybody asked is not told again. */
const isAnswered = (scene: Scene): boolean => ended(scene) !== undefined;

/** Keeps to the plan that is there first, so that nobody takes the promotion of a later change for that of his own. */
function pinned({ client }: Cluster, namespace: string, name: string): () => Promise<Scene> {
  let planName: string | undefined;
  return async () => {
    const scene = existing(await lookBriefly(client, namespace, name, planName));
    if (planName === undefined && !isAwaited(scene) && scene.plan !== undefined && isLive(scene.plan)) planName = scene.plan.metadata.name;
    return planName === undefined ? scene : { ...scene, onlyPlan: true };
  };
}

/** `--no-watch`: what this one look amounts to. */
function atOnce(scene: Scene): number {
  const { plan } = scene;
  const code = ended(scene);
  if (code !== undefined) return code;
  if (isAwaited(scene) || plan === undefined) return exitCodes.stillRunning;
  return isOnItsWayBack(plan) ? exitCodes.notPromoted : late(scene);
}

const late = (scene: Scene): number => (stopsAtPerson(scene) ? exitCodes.waitingForPerson : exitCodes.stillRunning);

/** One line that says how it stands, and one for what comes next. */
function lineOf(scene: Scene, now: number): string {
  const { namespace, name, plan } = scene;
  if (isPlanDue(scene)) return `${namespace}/${name} Held: the change is held and waits for Serin's worker to make its plan`;
  if (plan === undefined) return `${namespace}/${name}: no canary plan: no image change of this Deployment has met a policy yet`;
  if (isPast(scene))
    return `${namespace}/${name}: no canary plan for what it runs now; the last plan, ${plan.metadata.name}, was for another change`;
  const { status: of } = plan;
  const step = of?.step === undefined ? "" : ` step ${of.step.index}/${of.step.total}`;
  const weight = of?.weight === undefined ? "" : ` weight ${of.weight.desired}`;
  const next = nextOf(plan, now);
  const said = of === undefined ? "the plan was made" : of.reason === of.phase ? of.message : `${of.reason}: ${of.message}`;
  return `${namespace}/${name} plan ${plan.metadata.name} ${of?.phase ?? "Preparing"}${step}${weight}: ${said}${next === undefined ? "" : `; next: ${next}`}`;
}

function milliseconds(text: string): number {
  try {
    return parseDuration(text);
  } catch (error) {
    throw new UserError({ what: `can't read --timeout ${text}`, why: (error as Error).message, todo: "write it like: --timeout 10m" });
  }
}

import { annotations, restartedAt, systemNamespace } from "../../api/names.ts";
import { isLive } from "../../api/plan.ts";
import type { PodLike } from "../../core/sidecars/pod.ts";
import { type Repair, repairOf } from "../../core/sidecars/repair.ts";
import { isConflict } from "../../kube/apiError.ts";
import type { Pod, ReplicaSet } from "../../kube/object.ts";
import { resources } from "../../kube/resources.ts";
import { type ConnectOptions, connected } from "../connected.ts";
import { printable } from "../cut.ts";
import type { Cluster, Io } from "../io.ts";
import { plansOf, selectorInWords } from "../lookUp.ts";
import { exitCodes, UserError } from "../userError.ts";
import { readSidecarPolicies, surroundings } from "./lookAtSidecars.ts";
import { lacksOf, podsInWords, whyNothing } from "./repairWords.ts";
import { progressOf, type Workload, type WorkloadName, whyStill, workloadNamed } from "./workload.ts";

export interface RepairOptions extends ConnectOptions {
  dryRun?: boolean;
  /** commander's `--no-wait`: false when it was given. */
  wait: boolean;
}

/** kubectl's own for `rollout restart`, so that its next restart owns the same field. */
const fieldManager = "kubectl-rollout";
/** How often the rollout is looked at, milliseconds. */
const tick = 1_000;
/** Controllers write status all the time, so a compare-and-swap may miss; each time all is looked at anew. */
const tries = 5;

/** `kubectl serin sidecars repair deploy/NAME`: new pods for a workload whose pods lack what new ones would get. */
export async function repair(io: Io, words: readonly string[], options: RepairOptions): Promise<number> {
  const target = workloadNamed(words, "repair");
  const cluster = connected(io, options);
  const { namespace } = cluster;
  const site = { io, client: cluster.client, namespace, target };
  try {
    for (let left = tries; ; left -= 1) {
      try {
        return await decideAndRestart(site, options);
      } catch (error) {
        if (!isConflict(error) || left === 1) throw error;
      }
    }
  } finally {
    await cluster.close();
  }
}

interface Site {
  io: Io;
  client: Cluster["client"];
  namespace: string;
  target: WorkloadName;
}

async function decideAndRestart(site: Site, { dryRun = false, wait }: RepairOptions): Promise<number> {
  const { io, client, namespace, target } = site;
  const say = (line: string) => io.out(`${printable(line)}\n`);
  const workload = await read(site);
  const found = await lookAtWorkload(site, workload);
  const nothing = whyNothing(target.short, found);
  if (nothing !== undefined) {
    say(nothing);
    return 0;
  }
  if (found.brought.length === 0) throw hopeless(target, found);
  await refuseIfHeld(site, workload);

  const at = `${new Date(io.now()).toISOString().slice(0, 19)}Z`;
  const template = { metadata: { annotations: { [restartedAt]: at } } };
  const body = { metadata: { resourceVersion: workload.metadata.resourceVersion }, spec: { template } };
  const patched = await client.patch<Workload>(target.resource, target.name, namespace, { type: "merge", body }, { fieldManager, dryRun });
  const brought = new Set(found.brought.map(({ pod }) => pod)).size;
  say(`${target.short}: ${podsInWords(brought)} of ${found.matched} would get by a restart what they lack`);
  for (const line of lacksOf(found.brought)) say(`  ${line}`);
  if (found.left.length > 0) say("what a restart does not bring:");
  for (const line of lacksOf(found.left)) say(`  ${line}`);
  say(dryRun ? `${target.short} would be restarted (server dry run)` : `${target.short} restarted`);
  if (isPaused(patched)) {
    say(`a CanaryPolicy takes the restart for a change (trigger: Template)${dryRun ? "" : `; follow it: ${followCommand(site)}`}`);
    return 0;
  }
  if (dryRun) return 0;
  if (wait) return await follow(site);
  say(`follow it: kubectl rollout status ${target.short} -n ${namespace}`);
  return 0;
}

async function read({ client, namespace, target: { kind, name, resource, short } }: Site): Promise<Workload> {
  const workload = await client.get<Workload>(resource, name, namespace);
  if (workload !== undefined) return workload;
  throw new UserError({
    what: `can't repair ${short}`,
    why: `there is no ${kind} ${name} in namespace ${namespace}`,
    todo: `name the namespace with -n, or look with: kubectl get ${resource.plural} -A`,
  });
}

/** The workload's own pods, and what a pod of its template would be like. */
async function lookAtWorkload({ client, namespace, target }: Site, workload: Workload): Promise<Repair> {
  const labelSelector = selectorInWords(workload.spec?.selector);
  const [{ policies }, pods, sets] = await Promise.all([
    readSidecarPolicies(client),
    client.list<Pod>(resources.pods, { namespace, labelSelector }),
    target.kind === "Deployment" ? client.list<ReplicaSet>(resources.replicasets, { namespace, labelSelector }) : { items: [] },
  ]);
  const about = await surroundings(client, policies, namespace);
  const owners = new Set([
    workload.metadata.uid,
    ...sets.items.filter((set) => isOf(set, workload.metadata.uid)).map((set) => set.metadata.uid),
  ]);
  const own = pods.items.filter(({ metadata }) => metadata.ownerReferences?.some(({ uid, controller }) => controller && owners.has(uid)));
  const template = workload.spec?.template as unknown as PodLike;
  const { annotations: notes = {}, labels = {} } = template.metadata;
  const metadata = { name: "", namespace, labels, annotations: notes };
  const fresh = { ...about({ metadata, spec: template.spec } as unknown as Pod), stage: "Admission" } as const;
  return repairOf(own.map(about), fresh, policies, systemNamespace);
}

const isOf = ({ metadata }: ReplicaSet, owner: string | undefined): boolean =>
  metadata.ownerReferences?.some(({ uid, controller }) => controller === true && uid === owner) ?? false;

const isPaused = ({ spec }: Workload): boolean => (spec as { paused?: boolean } | undefined)?.paused === true;

const followCommand = ({ namespace, target }: Site): string => `kubectl serin get ${target.short} -n ${namespace} -w`;

/** While a plan lives its Deployment is held: the restart would become another change for it. */
async function refuseIfHeld(site: Site, workload: Workload): Promise<void> {
  const { client, namespace, target } = site;
  const what = `can't repair ${target.short}`;
  const plans = target.kind === "Deployment" ? await plansOf(client, namespace, target.name) : [];
  const live = plans.find((plan) => plan.spec.deployment.uid === workload.metadata.uid && isLive(plan));
  if (live)
    throw new UserError({
      what,
      why: `plan ${live.metadata.name} is under way (${live.status?.phase ?? "Preparing"}), and the Deployment is held until it ends`,
      todo: `wait for its end, then repair: ${followCommand(site)}`,
    });
  const why = whyStill(workload);
  if (why === undefined) return;
  const isOurs = workload.metadata.annotations?.[annotations.intent] !== undefined;
  const resume = isOurs ? `it is Serin's hold: ${followCommand(site)}` : `kubectl rollout resume ${target.short} -n ${namespace}`;
  throw new UserError({
    what,
    why,
    todo: isPaused(workload) ? resume : `delete the pods one by one: kubectl serin sidecars -n ${namespace} --missing -o name`,
  });
}

const hopeless = ({ short }: WorkloadName, { left }: Repair): UserError =>
  new UserError({
    what: `can't repair ${short} by a restart`,
    why: `new pods would lack the same: ${lacksOf(left).join("; ")}`,
    todo: "kubectl serin sidecars --missing says what to do about each reason",
    code: exitCodes.missing,
  });

/** Until all pods are new. Each line once, and in the end whether the new pods have what was missing. */
async function follow(site: Site): Promise<number> {
  const { io, target } = site;
  const say = (line: string) => io.out(`${printable(line)}\n`);
  let last = "";
  while (!io.interrupted.aborted) {
    const workload = await read(site);
    if (isPaused(workload)) {
      say(`${target.short} is held by a canary meanwhile; follow it: ${followCommand(site)}`);
      return 0;
    }
    const { line, isDone, failed } = progressOf(target, workload);
    if (line !== last) say(line);
    last = line;
    if (failed) return exitCodes.missing;
    if (isDone) return tellOutcome(site, await lookAtWorkload(site, workload));
    await io.sleep(tick);
  }
  return exitCodes.interrupted;
}

function tellOutcome({ io, target }: Site, { matched, brought, left }: Repair): number {
  const lines =
    brought.length + left.length === 0
      ? [`${target.short}: nothing is missing any more (${podsInWords(matched)})`]
      : brought.length === 0
        ? [`${target.short}: only what a restart does not bring is missing now`]
        : [`${target.short}: new pods lack it too. Is Serin's webhook up? kubectl get pods -n ${systemNamespace}`, ...lacksOf(brought)];
  io.out(lines.map((line) => `${printable(line)}\n`).join(""));
  return brought.length + left.length === 0 ? 0 : exitCodes.missing;
}

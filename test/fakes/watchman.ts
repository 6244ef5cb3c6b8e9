import { labels, podTemplateHash } from "../../src/api/names.ts";
import { type CanaryPlan, isLive, terminalPhases } from "../../src/api/plan.ts";
import type { VirtualServiceObject } from "../../src/core/traffic/wire.ts";
import type { KubeObject, Pod, ReplicaSet } from "../../src/kube/object.ts";
import { resources } from "../../src/kube/resources.ts";
import type { Change } from "./apiServer.ts";
import type { Cluster } from "./cluster.ts";
import { isReady } from "./pods.ts";

/** Until what somebody did behind our back is noticed and put right. */
const momentMs = 1_500;

/**
 * Watches every stored revision for what must never be (design §9). It looks at objects alone and shares no code with the decisions:
 * what it reports is a broken promise, not another opinion.
 */
export class Watchman {
  readonly #cluster: Cluster;
  readonly #found: string[] = [];

  /** Every plan that ever was, as it was last seen: its record counts also after somebody has deleted it. */
  readonly #plans = new Map<string, CanaryPlan>();

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    cluster.server.onChange((change) => this.#look(change));
  }

  findings(): string[] {
    this.#requestsEndOnce();
    this.#nothingOwned();
    for (const idle of new Set(this.#cluster.server.idleWrites)) this.#say(`I12 ${idle} was written without a change`);
    return [...this.#found];
  }

  /** Every plan that ever was, as it was last seen, also when it was deleted since. */
  get plans(): CanaryPlan[] {
    return [...this.#plans.values()];
  }

  #say(text: string): void {
    if (this.#found.length < 10) this.#found.push(`${((this.#cluster.clock.now() % 3_600_000) / 1_000).toFixed(2)} s: ${text}`);
  }

  #look({ resource, object, before, type }: Change): void {
    if (resource.plural === "virtualservices" && type !== "DELETED")
      this.#route(object as unknown as VirtualServiceObject, before as unknown as VirtualServiceObject | undefined);
    if (resource.plural === "replicasets" && before)
      this.#set(object as unknown as ReplicaSet, before as unknown as ReplicaSet, type === "DELETED");
    if (resource.plural === "canaryplans") this.#plans.set(object.metadata.uid ?? "", object as unknown as CanaryPlan);
    if (resource.plural === "canaryplans" && type === "ADDED" && this.#cluster.plans.filter(isLive).length > 1)
      this.#say(`${object.metadata.name} was made while another plan was live`);
    if (resource.plural === "canaryplans" && type === "MODIFIED")
      this.#plan(object as unknown as CanaryPlan, before as unknown as CanaryPlan);
  }

  #route(route: VirtualServiceObject, before: VirtualServiceObject | undefined): void {
    for (const [i, { route: list = [] }] of (route.spec.http ?? []).entries()) {
      if (list.length === 0) this.#say(`I1 http[${i}] of ${route.metadata.name} has no destination`);
      if (list.some(({ weight = 0 }) => !Number.isInteger(weight) || weight < 0)) this.#say(`I1 a weight in http[${i}] is no whole number`);
    }
    const [now, was] = [pairsOf(route), before ? pairsOf(before) : new Map<string, number>()];
    for (const [hash, weight] of now) {
      if (weight <= (was.get(hash) ?? 0)) continue;
      const ready = this.#ready(hash);
      const share = weight;
      if (ready === 0 && this.#isCanary(hash)) this.#say(`I2 rev-${hash} gets ${share} % and has no ready pod`);
      if (this.#isCanary(hash)) this.#rise(hash, share);
    }
  }

  /** A rise is recorded before it happens (I10), has the pods it needs, and none comes after a verdict (I5). */
  #rise(hash: string, weight: number): void {
    const plan = this.#livePlan();
    if (!plan || plan.spec.canary.hash !== hash) return;
    const { status } = plan;
    if (status?.outcome !== undefined) this.#say(`I5 the weight rose to ${weight} although the plan is ${status.phase} (${status.reason})`);
    if ((status?.weight?.desired ?? 0) < weight) this.#say(`I10 the weight rose to ${weight}, ${status?.weight?.desired} was recorded`);
    const replicas = this.#cluster.deployment?.spec?.replicas ?? 0;
    const justScaled = this.#cluster.clock.now() - this.#cluster.users.scaledAt < momentMs;
    if (!justScaled && plan.spec.policy?.spec.canary.replicas === "Weight" && this.#ready(hash) < Math.floor((replicas * weight) / 100))
      this.#say(`capacity: ${this.#ready(hash)} of ${replicas} pods for ${weight} %`);
  }

  #set(set: ReplicaSet, before: ReplicaSet, gone: boolean): void {
    const hash = set.metadata.labels?.[podTemplateHash] ?? "";
    const [now, was] = [gone ? 0 : (set.spec?.replicas ?? 0), before.spec?.replicas ?? 0];
    const deployment = this.#cluster.deployment;
    if (now >= was || !deployment || deployment.metadata.deletionTimestamp) return;
    const owner = set.metadata.ownerReferences?.[0];
    if (owner?.kind === "Deployment" && owner.uid !== deployment.metadata.uid) return; // of one that was deleted: the garbage collector's
    const wanted = deployment.spec?.replicas ?? 0;
    const { mesh } = this.#cluster;
    if (this.#livePlan()?.status?.routes === undefined) return;
    if (now < wanted && this.#isStable(hash) && mesh.reaches(hash) && !this.#nativeRollout())
      this.#say(`I3 stable ${set.metadata.name} was lowered from ${was} to ${now} of ${wanted} while requests still went there`);
    if (now === 0 && mesh.reaches(hash) && wanted > 0 && !this.#nativeRollout())
      this.#say(`${set.metadata.name} was emptied while requests still went there`);
  }

  /** After somebody has unpaused past the admission the controller rolls for a moment, whatever we do. */
  #nativeRollout = (): boolean => this.#cluster.clock.now() - this.#cluster.users.unpausedAt < momentMs;

  #plan(plan: CanaryPlan, before: CanaryPlan): void {
    const [now, was] = [plan.status?.phase, before.status?.phase];
    if (was !== undefined && terminalPhases.has(was) && now !== was) this.#say(`I4 ${plan.metadata.name} was ${was} and became ${now}`);
    const [rise, base] = [plan.status?.weight?.desired ?? 0, before.status?.weight?.desired ?? 0];
    if (rise > base && base > 0 && !plan.spec.control.promote?.full) this.#judged(plan, before, base, rise);
    if ((plan.status?.journal?.length ?? 0) > 80)
      this.#say(`the journal of ${plan.metadata.name} has ${plan.status?.journal?.length} entries: ${plan.status?.message}`);
  }

  /** Only a latest pass advances, under the weight that is left, or the lower one that the ready pods allowed at the time (I6). */
  #judged(plan: CanaryPlan, before: CanaryPlan, base: number, rise: number): void {
    const { analysis, steps } = plan.spec.policy?.spec ?? {};
    const step = steps?.[(before.status?.step?.index ?? 1) - 0];
    const approved = (plan.status?.approvals ?? []).length > 0;
    if (!analysis || approved || step?.analysis) return;
    for (const metric of analysis.metrics) {
      const last = plan.status?.metrics?.find(({ name }) => name === metric.name)?.measurements.at(-1);
      const inForce = this.#cluster.mesh.weightsSeen.at(-1)?.weight;
      if (last?.verdict !== "pass" || (last.weight !== base && last.weight !== inForce))
        this.#say(`I6 ${base} → ${rise} with ${metric.name} ${last ? `${last.verdict} under ${last.weight}` : "not measured"}`);
    }
  }

  #requestsEndOnce(): void {
    const { users } = this.#cluster;
    const told = [...this.#plans.values()].flatMap(({ spec }) => [spec.request?.uid, ...(spec.overwritten ?? []).map(({ uid }) => uid)]);
    for (const { uid, image, cancels } of users.held) {
      const times = told.filter((each) => each === uid).length;
      if (times > 1) this.#say(`I4 the request for ${image} is in ${times} plans`);
      if (times === 0 && !cancels && !this.#wasTakenBack(image) && !this.mayBeLost.has(uid))
        this.#say(`I4 the request for ${image} is in no plan`);
    }
  }

  /** Stable was asked for again while its plan could still turn back: the plan that it cancelled is its record. */
  #wasTakenBack = (image: string): boolean =>
    [...this.#plans.values()].some(
      ({ spec, status }) =>
        spec.stable.images.includes(image) && (status?.journal ?? []).some(({ reason }) => reason === "ChangeTakenBack"),
    );

  /** Requests that need no plan: taken back before one was made, or of a Deployment that is gone. */
  readonly mayBeLost = new Set<string>();

  /** I13: nothing of ours is left on a team's object. */
  #nothingOwned(): void {
    const { server, deployment, plans } = this.#cluster;
    if (plans.some(isLive)) return;
    const objects = [...(deployment ? [deployment as unknown as KubeObject] : []), ...server.list<KubeObject>(resources.virtualservices)];
    for (const { kind, metadata } of objects)
      if ((metadata.managedFields ?? []).some(({ manager }) => manager === "serin"))
        this.#say(`I13 we still own fields of ${kind} ${metadata.name}`);
    for (const rule of server.list<KubeObject>(resources.destinationrules))
      if (rule.metadata.labels?.[labels.managedBy] === "serin") this.#say(`our rule ${rule.metadata.name} was left behind`);
    for (const set of server.list<ReplicaSet>(resources.replicasets)) {
      const kind = set.metadata.ownerReferences?.[0]?.kind;
      if (kind !== "Deployment") this.#say(`${set.metadata.name} was left to a ${kind}`);
      if ((set.metadata.finalizers ?? []).length > 0 && !plans.some(({ status }) => status?.phase === "Held"))
        this.#say(`${set.metadata.name} still carries our finalizer`);
    }
  }

  #livePlan = (): CanaryPlan | undefined => this.#cluster.plans.find(isLive);
  #isStable = (hash: string): boolean => this.#livePlan()?.spec.stable.hash === hash;
  #isCanary = (hash: string): boolean => this.#livePlan()?.spec.canary.hash === hash;
  #ready(hash: string): number {
    return this.#cluster.server.list<Pod>(resources.pods).filter((pod) => pod.metadata.labels?.[podTemplateHash] === hash && isReady(pod))
      .length;
  }
}

/** Percent of our Service's requests by revision, the highest of all routes. */
function pairsOf({ spec }: VirtualServiceObject): Map<string, number> {
  const found = new Map<string, number>();
  for (const { route = [] } of spec.http ?? []) {
    const pairs = route.filter(({ destination }) => destination.subset?.startsWith("rev-"));
    const total = pairs.reduce((sum, { weight = 0 }) => sum + weight, 0);
    for (const { destination, weight = 0 } of pairs) {
      const hash = String(destination.subset).slice(4).split("-")[0] ?? "";
      const share = total === 0 ? 0 : Math.round((100 * weight) / total);
      found.set(hash, Math.max(found.get(hash) ?? 0, share));
    }
  }
  return found;
}

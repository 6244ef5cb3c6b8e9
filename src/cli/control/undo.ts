import { parseIntent } from "../../api/intent.ts";
import { annotations } from "../../api/names.ts";
import { isLive } from "../../api/plan.ts";
import { imagesOf, type PodTemplate, sameTemplate, templateDigest, withoutHash } from "../../api/template.ts";
import { isConflict, isInvalid } from "../../kube/apiError.ts";
import type { Deployment, ReplicaSet } from "../../kube/object.ts";
import { resources } from "../../kube/resources.ts";
import type { ConnectOptions } from "../connected.ts";
import { printable } from "../cut.ts";
import type { Io } from "../io.ts";
import { selectorInWords } from "../lookUp.ts";
import { isPlanDue, revisionOf } from "../scene.ts";
import { abortPlan, refused, target } from "./actions.ts";
import { fieldManager } from "./ask.ts";
import { type Subject, withSubject } from "./subject.ts";

export interface UndoOptions extends ConnectOptions {
  /** A revision of `kubectl rollout history`. */
  toRevision?: string;
}

/**
 * `kubectl serin undo`. While a plan lives it is aborted; what is held gets its stable template back, which ends the hold; else the Deployment gets the
 * template of an earlier revision, as `kubectl rollout undo` does (which refuses a paused Deployment).
 */
export const undo = (io: Io, words: readonly string[], options: UndoOptions): Promise<number> =>
  withSubject(io, words, options, "undo", async (subject) => {
    const { plan, deployment, name } = subject;
    if (options.toRevision === undefined && plan !== undefined && isLive(plan)) {
      io.out(`plan ${plan.metadata.name} is under way, so it is aborted\n`);
      return abortPlan(io, subject, plan);
    }
    if (!deployment?.spec?.template)
      throw refused(subject, "undo", { why: `Deployment ${name} is gone`, todo: "apply its manifest again" });
    const present = deployment.spec.template as unknown as PodTemplate;
    const sets = await setsOf(subject, deployment);
    const wanted = options.toRevision === undefined ? heldStable(subject, sets) : undefined;
    const set = wanted ?? earlier(subject, sets, present, options.toRevision);
    const stored = await putBack(subject, deployment, set);
    const images = imagesOf(set.spec?.template as unknown as PodTemplate).join(", ");
    io.out(`deploy/${name} gets the template of revision ${revisionOf(set)} again: ${printable(images)}\n`);
    io.out(`next: ${nextAfter(subject, stored, wanted !== undefined)}\n`);
    return 0;
  });

function nextAfter(subject: Subject, stored: Deployment, wasHeld: boolean): string {
  if (wasHeld) return "it is unheld by itself, since the stable pods run that template";
  const isHeld = stored.spec?.paused === true && stored.metadata.annotations?.[annotations.intent] !== undefined;
  return isHeld
    ? `a canary of it (at once to 100% within the policy's rollbackWindow); follow it: kubectl serin get ${target(subject)} -w`
    : `it rolls out as usual, no policy applies; follow it: kubectl rollout status ${target(subject)}`;
}

async function setsOf({ cluster, namespace }: Subject, deployment: Deployment): Promise<ReplicaSet[]> {
  const labelSelector = selectorInWords(deployment.spec?.selector);
  const { items } = await cluster.client.list<ReplicaSet>(resources.replicasets, { namespace, labelSelector });
  const isOwn = ({ metadata }: ReplicaSet) =>
    metadata.ownerReferences?.some(({ uid, controller }) => controller === true && uid === deployment.metadata.uid);
  return items.filter(isOwn).sort((a, b) => revisionOf(b) - revisionOf(a));
}

/** What the stable pods of a held Deployment run; undefined when Serin does not hold it. */
function heldStable(subject: Subject, sets: readonly ReplicaSet[]): ReplicaSet | undefined {
  const { deployment, plan } = subject;
  const intent = parseIntent(deployment?.metadata.annotations?.[annotations.intent]);
  const isHeld =
    deployment?.spec?.paused === true &&
    (plan?.status?.phase === "Held" || isPlanDue({ ...subject, replicaSets: [], pods: [], virtualServices: [] }));
  if (!isHeld) return undefined;
  const digest = intent?.stable ?? plan?.spec.stable.digest;
  const set = sets.find(({ spec }) => spec?.template && templateDigest(spec.template as unknown as PodTemplate) === digest);
  if (set) return set;
  throw refused(subject, "undo", {
    why: "the ReplicaSet of its stable pods is gone",
    todo: "apply the manifest of the version that serves",
  });
}

/** The revision that was asked for, else the newest one with another template than the present one. */
function earlier(subject: Subject, sets: readonly ReplicaSet[], present: PodTemplate, toRevision: string | undefined): ReplicaSet {
  const others = sets.filter(({ spec }) => spec?.template && !sameTemplate(spec.template as unknown as PodTemplate, present));
  const set = toRevision === undefined ? others[0] : others.find((each) => String(revisionOf(each)) === toRevision);
  if (set) return set;
  const revisions = others.map((each) => revisionOf(each)).join(", ");
  throw refused(subject, "undo", {
    why:
      toRevision === undefined ? `${subject.name} has no earlier revision` : `there is no other revision ${toRevision} of ${subject.name}`,
    todo: revisions === "" ? "ask for a change as always: kubectl set image" : `there are: ${revisions}`,
  });
}

/** The template as it was, without the label that only ReplicaSets carry; over this very version of the Deployment. */
async function putBack(subject: Subject, { metadata }: Deployment, set: ReplicaSet): Promise<Deployment> {
  const { cluster, name, namespace } = subject;
  const operations = [
    { op: "test", path: "/metadata/resourceVersion", value: metadata.resourceVersion },
    { op: "replace", path: "/spec/template", value: withoutHash(set.spec?.template as unknown as PodTemplate) },
  ] as const;
  try {
    return await cluster.client.patch<Deployment>(
      resources.deployments,
      name,
      namespace,
      { type: "json", operations: [...operations] },
      { fieldManager },
    );
  } catch (error) {
    if (!isConflict(error) && !(isInvalid(error) && /test/.test(error.message))) throw error;
    throw refused(subject, "undo", {
      why: "somebody changed the Deployment at the same moment",
      todo: "look how it stands, and try again",
    });
  }
}

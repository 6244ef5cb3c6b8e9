import { parseIntent } from "../../api/intent.ts";
import { annotations } from "../../api/names.ts";
import { isLive } from "../../api/plan.ts";
import { type PodTemplate, templateDigest, withoutHash } from "../../api/template.ts";
import type { ReplicaSet } from "../../kube/object.ts";
import type { Subject } from "../control/subject.ts";
import { isPlanDue, revisionOf } from "../scene.ts";

export interface Side {
  /** `stable web-6b7f9 (revision 3)` */
  is: string;
  template: PodTemplate;
}

/** `gone`: which of the two can't be shown any more. */
export type Sides = { from: Side; to: Side } | { gone: string };

/** What serves and what was asked for; undefined when no change is under way. A plan that was named is shown whatever became of it. */
export function sidesOf({ plan, deployment, typed, namespace, name }: Subject, sets: readonly ReplicaSet[]): Sides | undefined {
  const intent = parseIntent(deployment?.metadata.annotations?.[annotations.intent]);
  const isNamed = typed.startsWith("plan ");
  const scene = { namespace, name, deployment, plan, replicaSets: sets, pods: [], virtualServices: [] };
  const isDue = !isNamed && isPlanDue(scene);
  const isHeld = plan?.status?.phase === "Held" && deployment?.spec?.paused === true;
  if (!isNamed && !isDue && !isHeld && !(plan && isLive(plan))) return undefined;
  const [stable, asked] = isDue ? [intent?.stable, intent?.canary] : [plan?.spec.stable.digest, plan?.spec.canary.digest];
  const template = deployment?.spec?.template as unknown as PodTemplate | undefined;
  const from = ofSet(sets, stable, "stable");
  const isInDeployment = template !== undefined && templateDigest(template) === asked;
  const to = isInDeployment ? { is: `asked for in ${name}`, template: withoutHash(template) } : ofSet(sets, asked, "canary");
  if (!from) return { gone: "the ReplicaSet of the stable pods" };
  if (!to) return { gone: "the ReplicaSet of the canary" };
  return { from, to };
}

function ofSet(sets: readonly ReplicaSet[], digest: string | undefined, what: string): Side | undefined {
  const templateOf = ({ spec }: ReplicaSet) => spec?.template as unknown as PodTemplate | undefined;
  const set = sets.find((each) => {
    const template = templateOf(each);
    return template !== undefined && templateDigest(template) === digest;
  });
  const template = set && templateOf(set);
  if (!set || !template) return undefined;
  const revision = revisionOf(set);
  return { is: `${what} ${set.metadata.name}${revision === 0 ? "" : ` (revision ${revision})`}`, template: withoutHash(template) };
}

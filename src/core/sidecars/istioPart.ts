import type { IstioWish } from "../../api/istioMarks.ts";
import { istio } from "../../api/names.ts";
import { quantityOf } from "../../api/quantity.ts";
import { type Asked, blocked, type Findings, type Fix, type Lack, missing } from "./demand.ts";
import { containersOf, own, type PodCase } from "./pod.ts";
import { withHold } from "./proxyConfig.ts";

/*
 * What Istio's injector is to be told. It comes after us (`canary-serin` sorts before `istio-sidecar-injector`), so at admission the marks are
 * what counts; of a stored pod it is the proxy. manifests/admission/inject-policy.yaml says the same inside kube-apiserver: change both.
 */

interface Mark {
  kind: "label" | "annotation";
  key: string;
  value: string;
  /** What the pod itself says is in the value. */
  isMerged?: true;
}

const [proxy] = istio.containers;

/** Whether the pod has Istio's proxy, native or not. */
export const hasProxy = ({ pod }: Pick<PodCase, "pod">): boolean => containersOf(pod).some(({ name }) => name === proxy);

export function istioPart(asked: Asked, wish: IstioWish): Findings {
  const lack = injection(asked, wish);
  // A pod that gets no proxy needs no settings for one.
  const isInjected = wish.inject === "Enabled" && (lack === undefined || lack.fixes.length > 0);
  return { lacks: [...(lack === undefined ? [] : [lack]), ...(isInjected ? settings(asked, wish) : [])], notes: [] };
}

/** Ordered: what the namespace or the pod says goes before what the policy may add. */
function injection(asked: Asked, { inject, revision }: IstioWish): Lack | undefined {
  const { c, policy } = asked;
  const [value, what] = inject === "Enabled" ? ["true", "Istio's proxy"] : ["false", "being without Istio's proxy"];
  if (c.stage === "Stored" && hasProxy(c) === (inject === "Enabled")) return undefined;
  if (inject === "Enabled" && own(c.namespaceLabels, istio.namespaceInjection) === "disabled")
    return blocked(what, "NamespaceRefuses", `namespace ${c.namespace} is labelled ${istio.namespaceInjection}: disabled`);
  const marks: Mark[] = [{ kind: "label", key: istio.inject, value }];
  if (revision !== undefined && !namesRevision(c)) marks.push({ kind: "label", key: istio.revision, value: revision });
  const fixes = fixesFor(c, marks, policy.spec.optOut === "Forbid");
  if (fixes.length === 0) return c.stage === "Stored" ? blocked(what, "NotInjected", otherwise[inject]) : undefined;
  const claimed = claimAgainst(asked, marks);
  if (claimed) return blocked(what, "OtherPolicyFirst", claimed);
  const said = injectionSaidBy(c);
  if (said !== undefined && said !== value && policy.spec.optOut === "Allow")
    return blocked(what, "TeamsOwn", `the pod itself says ${istio.inject}: "${said}"`);
  return missing(asked, what, fixes);
}

/** The pod's label is as it should be, and the injector did something else. `istioctl x check-inject` says why. */
const otherwise: Record<IstioWish["inject"], string> = {
  Enabled: "the pod asks for injection, but Istio's injector has added no proxy (istioctl x check-inject says more)",
  Disabled: "the pod refuses injection, but it has a proxy",
};

/** What the pod says about its injection. The label is looked at first; other words than true and false count as none. */
function injectionSaidBy({ pod: { metadata } }: PodCase): "true" | "false" | undefined {
  const label = own(metadata.labels, istio.inject);
  const said = label ?? own(metadata.annotations, istio.inject);
  return said === "true" || said === "false" ? said : undefined;
}

/** Istio's webhooks don't look at a pod's revision where the namespace names one, in either way. */
const namesRevision = ({ namespaceLabels }: PodCase): boolean =>
  own(namespaceLabels, istio.revision) !== undefined || own(namespaceLabels, istio.namespaceInjection) !== undefined;

function settings(asked: Asked, wish: IstioWish): Lack[] {
  const marks = annotationMarks(asked, wish);
  return marks.flatMap((mark) => {
    const what = `annotation ${mark.key}`;
    const claimed = presentValue(asked.c, mark) === mark.value ? undefined : claimAgainst(asked, [mark]);
    if (claimed) return [blocked(what, "OtherPolicyFirst", claimed)];
    const fixes = fixesFor(asked.c, [mark], asked.policy.spec.optOut === "Forbid");
    if (fixes.length === 0) return [];
    const refused = whyRefused(asked, mark, marks);
    return [refused === undefined ? missing(asked, what, fixes) : blocked(what, "WouldBeRefused", refused)];
  });
}

/** What the injector gives the proxy comes from these alone, as soon as one of them is there (`resources` in istio's injection-template.yaml). */
export const requestsAndLimits = ["sidecar.istio.io/proxyCPU", "sidecar.istio.io/proxyMemory"].map(
  (request) => [request, `${request}Limit`] as const,
);

/** Kubernetes refuses a pod whose request is above the limit. A policy's own two are in order; the pod may have one of them itself. */
function whyRefused({ c, policy }: Asked, { key, value }: Mark, marks: readonly Mark[]): string | undefined {
  const [request, limit] = requestsAndLimits.find((pair) => pair.some((one) => one === key)) ?? [];
  if (request === undefined || limit === undefined) return undefined;
  const partner = key === request ? limit : request;
  const own = marks.find((mark) => mark.key === partner);
  const isWritten = own !== undefined && fixesFor(c, [own], policy.spec.optOut === "Forbid").length > 0;
  const said = isWritten ? undefined : presentValue(c, { kind: "annotation", key: partner, value: "" });
  if (said === undefined) return undefined;
  const [asks, most] = key === request ? [value, said] : [said, value];
  return (quantityOf(asks) ?? 0) > (quantityOf(most) ?? Number.POSITIVE_INFINITY)
    ? `the pod says ${partner}: "${said}", and a request of ${asks} is above a limit of ${most}`
    : undefined;
}

function annotationMarks({ c, policy }: Asked, { annotations = {}, holdUntilProxyStarts }: IstioWish): Mark[] {
  const wanted: Record<string, string | undefined> = { ...annotations };
  if (holdUntilProxyStarts !== undefined) {
    const present = own(c.pod.metadata.annotations, istio.proxyConfig);
    const isForced = policy.spec.optOut === "Forbid";
    const base = isForced ? (annotations[istio.proxyConfig] ?? present) : (present ?? annotations[istio.proxyConfig]);
    wanted[istio.proxyConfig] = withHold(base, holdUntilProxyStarts, isForced) ?? base;
  }
  return Object.entries(wanted).flatMap(([key, value]) => {
    if (value === undefined) return [];
    const isMerged = key === istio.proxyConfig && holdUntilProxyStarts !== undefined;
    return [{ kind: "annotation", key, value, ...(isMerged ? { isMerged } : {}) }];
  });
}

/** Why a mark can't be set: a policy before this one wants another value there. */
function claimAgainst({ claims }: Asked, marks: readonly Mark[]): string | undefined {
  for (const { key, value } of marks) {
    const claim = claims.get(key);
    if (claim !== undefined && claim.value !== value) return `policy ${claim.policy} goes first and wants ${key}: "${claim.value}"`;
  }
  return undefined;
}

/**
 * What must be written so that the marks are there. A value of the pod's own stays unless it is forced; the label that switches injection is
 * always written, since what stands against it has been asked about before.
 */
function fixesFor(c: PodCase, marks: readonly Mark[], isForced: boolean): Fix[] {
  return marks.filter((mark) => {
    const present = presentValue(c, mark);
    if (present === mark.value) return false;
    return present === undefined || isForced || mark.key === istio.inject || mark.isMerged === true;
  });
}

const presentValue = ({ pod: { metadata } }: PodCase, { kind, key }: Mark): string | undefined =>
  own(kind === "label" ? metadata.labels : metadata.annotations, key);

/** What a policy wants of labels and annotations, for those that come after it. */
export function claimsOf(asked: Asked, wish: IstioWish): Array<[key: string, value: string]> {
  const marks: Array<[string, string]> = [[istio.inject, wish.inject === "Enabled" ? "true" : "false"]];
  if (wish.inject === "Disabled") return marks;
  if (wish.revision !== undefined) marks.push([istio.revision, wish.revision]);
  return [...marks, ...annotationMarks(asked, wish).map(({ key, value }): [string, string] => [key, value])];
}

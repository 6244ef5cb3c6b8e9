import { formatDuration } from "../../api/duration.ts";
import { toTime } from "../analysis/time.ts";
import { droppableFrom, isTrustedAnywhere, isTrustedEverywhere, newestOf, renewAt } from "./look.ts";
import type { CertificateReason } from "./reasons.ts";
import type { Adopted, Authority, CertificateAction, CertificateState } from "./state.ts";
import type { CertificateTimes } from "./times.ts";

export interface CertificateDecision {
  /** To be carried out in this order, up to the first that fails; then look again. */
  actions: CertificateAction[];
  /** Milliseconds until something is due by time alone. */
  wakeAfter: number;
  /** Of the first action, or of what is waited for. */
  reason: CertificateReason;
  message: string;
}

interface Step {
  action: CertificateAction;
  reason: CertificateReason;
  message: string;
}

/** A timer never sleeps longer: clocks are set, and machines are suspended. */
const longestSleep = 3_600_000;

/**
 * What to do about CAs, trust and the webhook's certificate. The order of a rotation, each arrow a look at the cluster and any of them a place to
 * crash:
 *
 *   make CA 2 → trust 1+2 → both read back for trustDelay → note, destroy key 1 → serve 2 → last leaf of 1 expired + margin → trust 2 → forget 1
 */
export function decideCertificates(state: CertificateState, times: CertificateTimes): CertificateDecision {
  const { configuration, provided } = state;
  if (configuration?.isInjected) return waits("InjectedByCertManager", "the configuration has cert-manager.io/inject-ca-from");
  if (provided?.length === 0) return waits("ProvidedWithoutAuthority", state.fault ?? "there is no ca.crt, so caBundle is left alone");
  const adopted = adopt(state, times);
  const known = withAdopted(state, adopted);
  const own = provided === undefined;
  const steps = [
    ...adopted,
    ...(own ? makeAuthority(known, times) : []),
    ...trust(known, times),
    ...(own ? issue(known, times) : []),
    ...forget(known, times),
  ];
  const [first] = steps;
  const { reason, message } = first ?? waiting(known, times);
  return { actions: steps.map(({ action }) => action), wakeAfter: wakeAfter(known, times), reason, message };
}

const waits = (reason: CertificateReason, message: string): CertificateDecision => ({
  actions: [],
  wakeAfter: longestSleep,
  reason,
  message,
});

/**
 * CAs that a replica's certificate may hang on: ours by name, the issuer of what is served, and those that are provided with it. In one write: were
 * they noted one by one, somebody who clears the bundle in between would take the others along for good. A process that was slow may serve what the
 * CA Secret, lost and found, does not know of: that is noted before anything takes its place.
 */
function adopt(state: CertificateState, times: CertificateTimes): Step[] {
  const adopted = state.provided === undefined ? inUse(state, times) : providedNow(state, state.provided);
  if (adopted.length === 0) return [];
  const words = adopted.map(
    ({ id, signedUntil }) => `CA ${short(id)} is in use; what it signed ends at ${toTime(signedUntil)} at the latest`,
  );
  return [{ action: { type: "adopt", authorities: adopted }, reason: "AuthorityAdopted", message: words.join("; ") }];
}

function inUse({ authorities, strangers, served, now }: CertificateState, { leafLife }: CertificateTimes): Adopted[] {
  const servedUntil = (id: string): number => (served?.issuer === id ? served.notAfter : 0);
  return [
    ...authorities.filter(({ id, signedUntil }) => servedUntil(id) > signedUntil).map(({ id }) => ({ id, signedUntil: servedUntil(id) })),
    ...strangers
      .filter(({ id, isOurs, notAfter }) => notAfter > now && (isOurs || served?.issuer === id))
      .map(({ id, notAfter }) => ({ id, signedUntil: Math.max(Math.min(notAfter, now + leafLife), servedUntil(id)) })),
  ];
}

function providedNow({ authorities, served, now }: CertificateState, provided: readonly string[]): Adopted[] {
  const recorded = new Map(authorities.map(({ id, signedUntil }) => [id, signedUntil]));
  return provided
    .filter((id) => (recorded.get(id) ?? -1) < (served?.notAfter ?? 0))
    .map((id) => ({ id, signedUntil: served?.notAfter ?? now }));
}

function withAdopted(state: CertificateState, steps: readonly Step[]): CertificateState {
  const authorities = [...state.authorities];
  for (const { id, signedUntil } of steps.flatMap(({ action }) => (action.type === "adopt" ? action.authorities : []))) {
    const at = authorities.findIndex((one) => one.id === id);
    const stranger = state.strangers.find((one) => one.id === id);
    const fresh = { id, order: 0, hasKey: false, notBefore: 0, notAfter: stranger?.notAfter ?? signedUntil };
    authorities[at < 0 ? authorities.length : at] = { ...(authorities[at] ?? fresh), signedUntil };
  }
  return { ...state, authorities };
}

function makeAuthority(state: CertificateState, { authorityLife }: CertificateTimes): Step[] {
  const why = whyNewAuthority(newestOf(state), state.now);
  if (why === undefined) return [];
  return [{ action: { type: "makeAuthority", notAfter: wholeSecond(state.now + authorityLife) }, reason: "AuthorityMade", message: why }];
}

function whyNewAuthority(newest: Authority | undefined, now: number): string | undefined {
  if (newest === undefined) return "there is no CA";
  if (!newest.hasKey) return `there is no key for CA ${short(newest.id)}`;
  if (now < newest.notBefore) return `CA ${short(newest.id)} is only valid from ${toTime(newest.notBefore)}`;
  if (now >= renewAt(newest)) return `CA ${short(newest.id)} ends at ${toTime(newest.notAfter)}`;
  return undefined;
}

/** Everything in the CA Secret that may still be needed, newest first; a configuration that says otherwise is put right. */
function trust(state: CertificateState, times: CertificateTimes): Step[] {
  const wanted = state.authorities
    .filter((one) => state.now < one.notAfter + times.margin)
    .filter((one) => state.now < (droppableFrom(state, one, times) ?? Number.POSITIVE_INFINITY))
    .sort((a, b) => b.order - a.order || (a.id < b.id ? -1 : 1))
    .map(({ id }) => id);
  const wrong = (state.configuration?.webhooks ?? []).filter(({ trusts, isGarbled }) => isGarbled || !sameSet(trusts, wanted));
  // An empty caBundle means the system's CAs, so there is never a reason to write one.
  if (wrong.length === 0 || wanted.length === 0) return [];
  const message = `${wrong.map(({ name }) => name).join(", ")} trusted ${wrong[0]?.trusts.map(short).join(" and ") || "nobody"}, now ${wanted.map(short).join(" and ")}`;
  return [{ action: { type: "trust", ids: wanted }, reason: "TrustChanged", message }];
}

function issue(state: CertificateState, { leafLife, trustDelay }: CertificateTimes): Step[] {
  const signer = state.authorities
    .filter((one) => one.hasKey && one.notBefore <= state.now && state.now < one.notAfter && maySign(state, one, trustDelay))
    .reduce<Authority | undefined>((newest, one) => (newest && newest.order > one.order ? newest : one), undefined);
  if (signer === undefined) return [];
  const notAfter = wholeSecond(Math.min(state.now + leafLife, signer.notAfter));
  const why = whyNewLeaf(state, signer, notAfter);
  if (why === undefined) return [];
  return [{ action: { type: "issue", by: signer.id, notAfter }, reason: "LeafIssued", message: why }];
}

function whyNewLeaf({ served, fault, authorities, now }: CertificateState, signer: Authority, notAfter: number): string | undefined {
  if (served === undefined || fault !== undefined) return fault ?? "there is no certificate";
  const issuer = authorities.find(({ id }) => id === served.issuer);
  if ((issuer?.order ?? -1) < signer.order) return `CA ${short(signer.id)} is trusted, and takes the place of the one before`;
  if (issuer?.id === signer.id && now >= renewAt(served) && notAfter > served.notAfter)
    return `the certificate ends at ${toTime(served.notAfter)}`;
  return undefined;
}

/**
 * Trusted by every kube-apiserver, however late it hears of things. One whose certificates are in use was so before and needs no new proof: after a
 * restart, or somebody's edit, its next certificate fares as the last one. And where nothing was ever signed, served or trusted, there is nothing
 * to break: the first installation does not wait.
 */
function maySign(state: CertificateState, authority: Authority, trustDelay: number): boolean {
  if (state.configuration === undefined && authority.signedUntil > state.now) return true;
  if (isTrustedEverywhere(state, authority.id)) {
    return authority.signedUntil > state.now || (state.trustedFor.get(authority.id) ?? 0) >= trustDelay;
  }
  return isFirst(state);
}

const isFirst = ({ authorities, served, configuration }: CertificateState): boolean =>
  served === undefined &&
  authorities.every(({ signedUntil }) => signedUntil === 0) &&
  (configuration?.webhooks ?? []).every(({ trusts }) => trusts.length === 0);

/** Only what no caBundle holds any more: the other way round a crash would leave a CA in the bundle that nobody knows. */
function forget(state: CertificateState, times: CertificateTimes): Step[] {
  return state.authorities
    .filter((one) => {
      const from = droppableFrom(state, one, times);
      return from !== undefined && from <= state.now && !isTrustedAnywhere(state, one.id);
    })
    .map(({ id, signedUntil }) => ({
      action: { type: "forget", id },
      reason: "AuthorityForgotten",
      message: `the last certificate of CA ${short(id)} ended at ${toTime(signedUntil)}`,
    }));
}

function waiting(state: CertificateState, { trustDelay }: CertificateTimes): Omit<Step, "action"> {
  if (state.configuration === undefined) return { reason: "ConfigurationMissing", message: "there is no webhook configuration" };
  const newest = newestOf(state);
  if (state.provided === undefined && newest && state.served?.issuer !== newest.id) {
    const left = trustDelay - (state.trustedFor.get(newest.id) ?? 0);
    return { reason: "WaitingForTrust", message: `CA ${short(newest.id)} signs in ${formatDuration(left)}` };
  }
  return {
    reason: "CertificatesGood",
    message: state.served ? `the certificate ends at ${toTime(state.served.notAfter)}` : (state.fault ?? ""),
  };
}

function wakeAfter(state: CertificateState, times: CertificateTimes): number {
  const { now, served, provided } = state;
  const newest = newestOf(state);
  const due = [
    ...state.authorities.map((one) => (droppableFrom(state, one, times) ?? Number.POSITIVE_INFINITY) - now),
    ...(newest && !provided ? [renewAt(newest) - now, times.trustDelay - (state.trustedFor.get(newest.id) ?? 0)] : []),
    ...(served && !provided ? [renewAt(served) - now] : []),
  ];
  return Math.ceil(Math.min(longestSleep, ...due.filter((milliseconds) => milliseconds > 0)));
}

/** X.509 times have no fraction. */
const wholeSecond = (milliseconds: number): number => Math.floor(milliseconds / 1_000) * 1_000;
const sameSet = (a: readonly string[], b: readonly string[]): boolean => a.length === b.length && b.every((one) => a.includes(one));
/** As much of a fingerprint as tells two apart. */
const short = (id: string): string => id.slice(0, 8);

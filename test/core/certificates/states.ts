import { decideCertificates } from "../../../src/core/certificates/decide.ts";
import type { Authority, CertificateState, Leaf } from "../../../src/core/certificates/state.ts";
import { backDated, defaultTimes } from "../../../src/core/certificates/times.ts";

/* What a certs process sees, for the tests of what it decides. */

export const now = Date.parse("2026-06-01T00:00:00Z");
export const day = 86_400_000;
export const minute = 60_000;

export const ca = (order: number, over: Partial<Authority> = {}): Authority => ({
  id: `${order}`.repeat(64),
  order,
  hasKey: true,
  notBefore: now - 10 * day - backDated,
  notAfter: now + 355 * day,
  signedUntil: now + 20 * day,
  ...over,
});
export const [one, two] = [ca(1), ca(2, { notBefore: now - backDated, notAfter: now + 365 * day, signedUntil: 0 })];
export const leafBy = (authority: Authority, over: Partial<Leaf> = {}): Leaf => ({
  issuer: authority.id,
  notBefore: now - 10 * day - backDated,
  notAfter: now + 20 * day,
  ...over,
});
export const trusting = (...ids: string[]): CertificateState["configuration"] => ({
  webhooks: ["deployments", "plans"].map((name) => ({ name, trusts: ids, isGarbled: false })),
  isInjected: false,
});
/** A year-old installation in good order; what is said replaces a part of it. */
export const world = (over: Partial<CertificateState> = {}): CertificateState => ({
  now,
  authorities: [one],
  strangers: [],
  served: leafBy(one),
  fault: undefined,
  configuration: trusting(one.id),
  trustedFor: new Map([[one.id, day]]),
  provided: undefined,
  ...over,
});
export const decide = (over: Partial<CertificateState> = {}) => decideCertificates(world(over), defaultTimes);
export const trust = (...ids: string[]) => ({ type: "trust", ids });
export const adopt = (id: string, signedUntil: number) => ({ type: "adopt", authorities: [{ id, signedUntil }] });

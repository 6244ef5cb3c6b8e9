import type { Authority, CertificateState, Leaf } from "./state.ts";
import { backDated, type CertificateTimes } from "./times.ts";

/** Two thirds of its true life; the hour before its making was never lived. */
export const renewAt = ({ notBefore, notAfter }: Pick<Leaf, "notBefore" | "notAfter">): number =>
  notAfter - Math.max(0, notAfter - notBefore - backDated) / 3;

/** The last one made; adopted ones have no key and come before all others. */
export const newestOf = ({ authorities }: CertificateState): Authority | undefined =>
  authorities.reduce<Authority | undefined>((newest, one) => (newest === undefined || one.order > newest.order ? one : newest), undefined);

/** Read in the caBundle of every webhook. False without a configuration: then nobody trusts anything. */
export function isTrustedEverywhere({ configuration }: CertificateState, id: string): boolean {
  const webhooks = configuration?.webhooks ?? [];
  return webhooks.length > 0 && webhooks.every(({ trusts }) => trusts.includes(id));
}

export const isTrustedAnywhere = ({ configuration }: CertificateState, id: string): boolean =>
  configuration?.webhooks.some(({ trusts }) => trusts.includes(id)) ?? false;

/**
 * From when on a CA may leave the bundle; undefined as long as it still can sign. What it signed has expired then on every clock, so no replica
 * that has not heard of a newer certificate is ever distrusted. It can't sign once a newer one has: the same write destroyed its key, so whoever
 * still believes otherwise fails with a conflict.
 */
export function droppableFrom(state: CertificateState, authority: Authority, { margin }: CertificateTimes): number | undefined {
  const { served, provided } = state;
  const isSuperseded = provided
    ? !provided.includes(authority.id)
    : state.authorities.some(({ order, signedUntil }) => order > authority.order && signedUntil > 0);
  if (!isSuperseded) return undefined;
  const servedUntil = served?.issuer === authority.id ? served.notAfter : 0;
  return Math.max(authority.signedUntil, servedUntil) + margin;
}

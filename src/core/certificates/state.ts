/*
 * What is looked at to decide about certificates. Plain facts: which PEM belongs to an id, the adapter knows. All times are milliseconds since
 * the epoch, all ids are SHA-256 fingerprints of certificates.
 */

/** A certificate authority of the CA Secret. */
export interface Authority {
  id: string;
  /** The order of making, whatever the clocks said: 1, 2, 3 …; 0 for one that was found in use and adopted. */
  order: number;
  /** Whether it can sign. Keys are destroyed as soon as a newer authority has signed. */
  hasKey: boolean;
  notBefore: number;
  notAfter: number;
  /** No certificate that it signed is valid after this; 0 when it never signed. Written down before each certificate is served. */
  signedUntil: number;
}

/** A CA that is trusted, or lies beside the served certificate, and is not in the CA Secret. */
export interface Stranger {
  id: string;
  notAfter: number;
  /** Bears the name that we give to our own, and is trusted now: made by us, before its Secret was lost. */
  isOurs: boolean;
}

/** The certificate in the serving Secret, when the webhook can serve it. */
export interface Leaf {
  /** The CA among all that were seen which signed it; undefined when none of them did. */
  issuer: string | undefined;
  notBefore: number;
  notAfter: number;
}

export interface WebhookTrust {
  name: string;
  /** What its caBundle holds. */
  trusts: readonly string[];
  /** It also holds something that is no certificate. */
  isGarbled: boolean;
}

export interface CertificateState {
  now: number;
  authorities: readonly Authority[];
  strangers: readonly Stranger[];
  served: Leaf | undefined;
  /** Why the serving Secret can't stay as it is, in words; it may be so though the webhook serves it (it lacks a name, or its CA). */
  fault: string | undefined;
  /** The MutatingWebhookConfiguration, undefined when there is none. */
  configuration: { webhooks: readonly WebhookTrust[]; isInjected: boolean } | undefined;
  /** For how long each id has been read in the caBundle of every webhook without a break, milliseconds by the monotonic clock. */
  trustedFor: ReadonlyMap<string, number>;
  /** The CAs in `ca.crt` when certificates are provided by somebody else; undefined when we make them. */
  provided: readonly string[] | undefined;
}

export interface Adopted {
  id: string;
  signedUntil: number;
}

export type CertificateAction =
  /** Takes CAs that are in use into the CA Secret, or notes that they sign for longer than was known. All in one write. */
  | { type: "adopt"; authorities: readonly Adopted[] }
  /** Makes a new CA, into the CA Secret only. */
  | { type: "makeAuthority"; notAfter: number }
  /** Makes exactly these the caBundle of every webhook. */
  | { type: "trust"; ids: readonly string[] }
  /** Notes in the CA Secret how long it signs and destroys older keys, then puts a new certificate into the serving Secret. */
  | { type: "issue"; by: string; notAfter: number }
  /** Takes a CA that nobody trusts any more out of the CA Secret. */
  | { type: "forget"; id: string };

/** Every reason that a decision about certificates gives, with what it means. They go unchanged to the log. */
export const certificateReasons = {
  AuthorityAdopted: "A CA in use was not in the CA Secret; it stays trusted as long as what it signed.",
  AuthorityMade: "There was no CA that can sign for long enough.",
  TrustChanged: "kube-apiserver was told which CAs to trust.",
  LeafIssued: "The webhook got a new certificate.",
  AuthorityForgotten: "A CA whose certificates have all expired, and that nobody trusts any more, was removed.",
  WaitingForTrust: "A new CA signs only when every kube-apiserver has surely heard of it.",
  ConfigurationMissing: "There is no webhook configuration to put trust into; it is patched as soon as it is there.",
  InjectedByCertManager: "The configuration asks cert-manager for its caBundle, so nothing is touched.",
  ProvidedWithoutAuthority: "The provided Secret has no usable ca.crt, so whoever provides it must set caBundle too.",
  CertificatesGood: "Nothing is to be done.",
} as const;

export type CertificateReason = keyof typeof certificateReasons;

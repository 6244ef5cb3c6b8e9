import type { CertificateAction, CertificateState } from "../core/certificates/state.ts";

/** The figures of the certs process, in Prometheus' text format. */
export interface CertificateFigures {
  looked(state: CertificateState): void;
  acted(action: CertificateAction): void;
  failed(): void;
  render(): string;
}

export function certificateFigures(monotonic: () => number): CertificateFigures {
  const rotations = { authority: 0, leaf: 0, trust: 0 };
  let [authorityEnd, leafEnd, trusted, errors] = [0, 0, 0, 0];
  let failedAt: number | undefined;
  const gauge = (name: string, help: string, value: number) => [`# HELP ${name} ${help}`, `# TYPE ${name} gauge`, `${name} ${value}`];
  return {
    looked({ authorities, served, configuration }) {
      authorityEnd = Math.max(0, ...authorities.filter(({ signedUntil }) => signedUntil > 0).map(({ notAfter }) => notAfter));
      leafEnd = served?.notAfter ?? 0;
      trusted = Math.max(0, ...(configuration?.webhooks ?? []).map(({ trusts }) => trusts.length));
    },
    acted({ type }) {
      if (type === "makeAuthority") rotations.authority += 1;
      if (type === "issue") rotations.leaf += 1;
      if (type === "trust") rotations.trust += 1;
    },
    failed() {
      errors += 1;
      failedAt = monotonic();
    },
    render: () =>
      [
        ...gauge("serin_certs_authority_expiry_timestamp_seconds", "End of the CA that signs; 0: there is none.", authorityEnd / 1_000),
        ...gauge(
          "serin_certs_certificate_expiry_timestamp_seconds",
          "End of the certificate in the Secret; 0: none can be used.",
          leafEnd / 1_000,
        ),
        ...gauge("serin_certs_trusted_authorities", "CAs in the largest caBundle.", trusted),
        "# HELP serin_certs_rotations_total CAs and certificates made, and writes of caBundle.",
        "# TYPE serin_certs_rotations_total counter",
        ...Object.entries(rotations).map(([what, count]) => `serin_certs_rotations_total{what="${what}"} ${count}`),
        "# HELP serin_certs_errors_total Looks at the cluster that ended with an error; a conflict is none.",
        "# TYPE serin_certs_errors_total counter",
        `serin_certs_errors_total ${errors}`,
        ...(failedAt === undefined
          ? []
          : gauge(
              "serin_certs_last_error_age_seconds",
              "Since the last error; absent without one.",
              Math.round((monotonic() - failedAt) / 1_000),
            )),
        "",
      ].join("\n"),
  };
}

import type { Logger } from "pino";
import { type ReadCertificate, readCertificate } from "../tls/readCertificates.ts";
import { type ServingCertificate, whyUnusable } from "../tls/servingSecret.ts";

export interface ServedCertificate {
  /** What the Secret holds now. What can't be used changes nothing: the last good one stays. */
  offer(certificate: ServingCertificate): void;
  /** Whether what is served is valid at this moment; an expired one is as good as none. */
  isValid(): boolean;
  /** The gauge of its end, in Prometheus' text format; empty as long as nothing is served. */
  render(): string;
  stop(): void;
}

export interface ServedCertificateOptions {
  /** Milliseconds since the epoch. */
  now(): number;
  /** From the next handshake on. */
  serve(certificate: ServingCertificate): void;
  log: Pick<Logger, "info" | "error">;
}

/** A timer can't run longer than 24 days, and a clock that was behind may be set at any time. */
const longestWait = 60_000;

/** Which certificate the webhook shows, out of those that the Secret has held. */
export function servedCertificate({ now, serve, log }: ServedCertificateOptions): ServedCertificate {
  let served: ReadCertificate | undefined;
  let ripening: NodeJS.Timeout | undefined;

  const offer = (certificate: ServingCertificate): void => {
    clearTimeout(ripening);
    const read = readCertificate(certificate.cert);
    const why = whyUnusable(certificate, [], new Date(now()));
    if (why === undefined && read !== undefined) {
      serve(certificate);
      served = read;
      log.info({ certificate: read.id.slice(0, 8), until: new Date(read.notAfter).toISOString() }, "serving a new certificate");
      return;
    }
    log.error({ why }, "the new certificate can't be used; the last one stays");
    // Ours are back-dated by an hour, so this is a clock that is far behind, or a certificate that somebody provided for later.
    const ripeIn = (read?.notBefore ?? 0) - now();
    if (ripeIn > 0) ripening = setTimeout(() => offer(certificate), Math.min(ripeIn, longestWait)).unref();
  };

  return {
    offer,
    isValid: () => served !== undefined && served.notBefore <= now() && now() < served.notAfter,
    render() {
      if (served === undefined) return "";
      const name = "serin_webhook_certificate_expiry_timestamp_seconds";
      return `# HELP ${name} End of the certificate that is served.\n# TYPE ${name} gauge\n${name} ${served.notAfter / 1_000}\n`;
    },
    stop: () => clearTimeout(ripening),
  };
}

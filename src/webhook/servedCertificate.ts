import type { Log } from "../api/logLine.ts";
import { isSignedBy, type ReadCertificate, readCertificate, readCertificates } from "../tls/readCertificates.ts";
import { type ServingCertificate, whyUnusable } from "../tls/servingSecret.ts";

export interface ServedCertificate {
  /** What the Secret holds now. What can't be used changes nothing: the last good one stays. */
  offer(certificate: ServingCertificate): void;
  /** What kube-apiserver trusts now: the CAs in the `caBundle` of every webhook of ours; undefined without a configuration. */
  trusts(authorities: readonly ReadCertificate[] | undefined): void;
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
  log: Pick<Log, "info" | "error">;
  /** Milliseconds. A replica of kube-apiserver hears of a new bundle so much later than we may do. */
  heardMs?: number;
}

interface TrustedSince {
  authority: ReadCertificate;
  /** Milliseconds since the epoch, as far as this process has seen it. */
  at: number;
}

/** A timer can't run longer than 24 days, and a clock that was behind may be set at any time. */
const longestWait = 60_000;

/**
 * Which certificate the webhook shows, out of those that the Secret has held. One whose CA is not trusted yet waits for it, half the rest of the last
 * one's life at the longest: cert-manager writes certificate and CA at once, and its `caBundle` comes after. (Our own certs process has the CA trusted
 * first.)
 */
export function servedCertificate({ now, serve, log, heardMs = 1_000 }: ServedCertificateOptions): ServedCertificate {
  let served: ReadCertificate | undefined;
  let waiting: { certificate: ServingCertificate; atTheLatest: number } | undefined;
  let again: NodeJS.Timeout | undefined;
  let trusted: ReadonlyMap<string, TrustedSince> = new Map();

  /** Milliseconds until the CA of this one has been trusted for long enough; undefined when it is not trusted at all. */
  const trustedIn = (certificate: string): number | undefined => {
    const chain = readCertificates(certificate).found;
    const since = [...trusted.values()].filter(({ authority }) => chain.some((one) => isSignedBy(one, authority))).map(({ at }) => at);
    return since.length === 0 ? undefined : Math.max(0, Math.min(...since) + heardMs - now());
  };
  /** Only while the last one is trusted is there anything to wait for. */
  const untilTrusted = (certificate: ServingCertificate, atTheLatest: number): number => {
    const known = served && trustedIn(served.pem);
    if (served === undefined || known === undefined) return 0;
    const wait = trustedIn(certificate.cert) ?? Number.POSITIVE_INFINITY;
    return wait <= known ? 0 : Math.min(wait, atTheLatest - now());
  };

  const offer = (certificate: ServingCertificate, atTheLatest = now() + ((served?.notAfter ?? 0) - now()) / 2): void => {
    clearTimeout(again);
    waiting = undefined;
    const read = readCertificate(certificate.cert);
    const why = whyUnusable(certificate, [], new Date(now()));
    if (why !== undefined || read === undefined) {
      log.error({ why }, "the new certificate can't be used; the last one stays");
      // Ours are back-dated by an hour, so this is a clock that is far behind, or a certificate that somebody provided for later.
      const ripeIn = (read?.notBefore ?? 0) - now();
      if (ripeIn > 0) again = setTimeout(() => offer(certificate), Math.min(ripeIn, longestWait)).unref();
      return;
    }
    const wait = untilTrusted(certificate, atTheLatest);
    if (wait > 0) {
      log.info(
        { certificate: read.id.slice(0, 8) },
        "the new certificate waits until kube-apiserver trusts its CA; the last one stays so long",
      );
      waiting = { certificate, atTheLatest };
      again = setTimeout(() => offer(certificate, atTheLatest), Math.min(wait, longestWait)).unref();
      return;
    }
    serve(certificate);
    served = read;
    log.info({ certificate: read.id.slice(0, 8), until: new Date(read.notAfter).toISOString() }, "serving a new certificate");
  };

  return {
    offer: (certificate) => offer(certificate),
    trusts(authorities = []) {
      trusted = new Map(authorities.map((authority) => [authority.id, { authority, at: trusted.get(authority.id)?.at ?? now() }]));
      if (waiting) offer(waiting.certificate, waiting.atTheLatest);
    },
    isValid: () => served !== undefined && served.notBefore <= now() && now() < served.notAfter,
    render() {
      if (served === undefined) return "";
      const name = "serin_webhook_certificate_expiry_timestamp_seconds";
      return `# HELP ${name} End of the certificate that is served.\n# TYPE ${name} gauge\n${name} ${served.notAfter / 1_000}\n`;
    },
    stop: () => clearTimeout(again),
  };
}

import type { CertificateState, Leaf } from "../core/certificates/state.ts";
import type { Client } from "../kube/client.ts";
import type { MutatingWebhookConfiguration, Secret } from "../kube/object.ts";
import { resources } from "../kube/resources.ts";
import { authorityName, authoritySecretName, parseAuthorities, type StoredAuthority } from "./authoritySecret.ts";
import { isSignedBy, type ReadCertificate, readCertificate, readCertificates } from "./readCertificates.ts";
import { parseServingSecret, servingSecretName, whyUnusable } from "./servingSecret.ts";
import type { trustLog } from "./trustLog.ts";

export const webhookConfigurationName = "canary-serin";
/** cert-manager's cainjector owns the caBundle of a configuration that carries this. */
const injectAnnotation = "cert-manager.io/inject-ca-from";

export interface ObserveOptions {
  namespace: string;
  /** Under which the webhook is called; a certificate for others is made anew. */
  names: readonly string[];
  /** Somebody else makes the certificates. */
  isProvided: boolean;
  /** Milliseconds since the epoch. */
  now(): number;
  trusted: ReturnType<typeof trustLog>;
}

/** One look at the cluster: the facts to decide from, and the objects to write with. */
export interface Seen {
  state: CertificateState;
  authorities: StoredAuthority[];
  /** Every CA certificate that was seen anywhere, by id. */
  known: ReadonlyMap<string, ReadCertificate>;
  authoritySecret: Secret | undefined;
  servingSecret: Secret | undefined;
  configuration: MutatingWebhookConfiguration | undefined;
}

/** Asks the API server itself: what is read here was stored, so it is also what "read back" means. */
export async function observe(client: Client, options: ObserveOptions): Promise<Seen> {
  const { namespace } = options;
  // The configuration first: it is only written as it was read, so a CA that another process has made since is in what is read after it. The other
  // way round, who was slow could put a bundle right that somebody cleared, and leave the newest CA out.
  const configuration = await client.get<MutatingWebhookConfiguration>(resources.mutatingwebhookconfigurations, webhookConfigurationName);
  const [authoritySecret, servingSecret] = await Promise.all([
    client.get<Secret>(resources.secrets, authoritySecretName, namespace),
    client.get<Secret>(resources.secrets, servingSecretName, namespace),
  ]);
  return see({ authoritySecret, servingSecret, configuration }, options);
}

/** The facts in three objects, any of which may be absent or damaged. */
export function see(objects: Pick<Seen, "authoritySecret" | "servingSecret" | "configuration">, options: ObserveOptions): Seen {
  const now = options.now();
  const { authoritySecret, servingSecret, configuration } = objects;
  const authorities = parseAuthorities(authoritySecret);
  const bundles = (configuration?.webhooks ?? []).map(({ name, clientConfig }) => ({ name, ...readBundle(clientConfig.caBundle) }));
  const beside = readBundle(servingSecret?.data?.["ca.crt"]).found.filter(isAuthority);
  const known = new Map(
    [...bundles.flatMap(({ found }) => found), ...beside, ...authorities.map(({ read }) => read)].map((one) => [one.id, one]),
  );
  const trusted = new Set(bundles.flatMap(({ found }) => found.map(({ id }) => id)));
  const own = new Set(authorities.map(({ id }) => id));
  const webhooks = bundles.map(({ name, found, isGarbled }) => ({ name, trusts: found.map(({ id }) => id), isGarbled }));
  const trustedFor = options.trusted(
    configuration && {
      uid: configuration.metadata.uid ?? "",
      generation: configuration.metadata.generation ?? 0,
      everywhere: (webhooks[0]?.trusts ?? []).filter((id) => webhooks.every(({ trusts }) => trusts.includes(id))),
    },
  );
  const isInjected = configuration?.metadata.annotations?.[injectAnnotation] !== undefined;
  const state: CertificateState = {
    now,
    authorities,
    strangers: [...known.values()]
      .filter((one) => !own.has(one.id) && isAuthority(one))
      .map(({ id, notAfter, x509 }) => ({ id, notAfter, isOurs: trusted.has(id) && x509.subject.startsWith(`CN=${authorityName}`) })),
    ...served(servingSecret, [...known.values()], options, now),
    configuration: webhooks.length === 0 ? undefined : { webhooks, isInjected },
    trustedFor,
    provided: options.isProvided ? beside.map(({ id }) => id) : undefined,
  };
  return { state, authorities, known, ...objects };
}

/** A certificate that replicas serve may still be none that we would leave there: its names, or the CA beside it, are wrong. */
function served(
  secret: Secret | undefined,
  known: readonly ReadCertificate[],
  { names, isProvided }: ObserveOptions,
  now: number,
): Pick<CertificateState, "served" | "fault"> {
  const certificate = parseServingSecret(secret);
  const unusable = secret === undefined ? `there is no Secret ${servingSecretName}` : whyUnusable(certificate, [], new Date(now));
  const read = readCertificate(certificate?.cert);
  if (unusable !== undefined || read === undefined) return { served: undefined, fault: unusable };
  const issuer = known.find((authority) => isSignedBy(read, authority));
  const leaf: Leaf = { issuer: issuer?.id, notBefore: read.notBefore, notAfter: read.notAfter };
  if (isProvided) return { served: leaf, fault: undefined };
  const isBeside = issuer !== undefined && readCertificates(certificate?.ca).found[0]?.id === issuer.id;
  return {
    served: leaf,
    fault: whyUnusable(certificate, names, new Date(now)) ?? (isBeside ? undefined : "tls.crt is not signed by ca.crt"),
  };
}

/** The CAs that every webhook of a configuration trusts. */
export function trustedEverywhere({ webhooks = [] }: MutatingWebhookConfiguration): ReadCertificate[] {
  const [first = [], ...others] = webhooks.map(({ clientConfig }) => readBundle(clientConfig.caBundle).found);
  return first.filter(({ id }) => others.every((bundle) => bundle.some((one) => one.id === id)));
}

const isAuthority = ({ x509 }: ReadCertificate): boolean => x509.ca;
const readBundle = (base64: string | undefined) => readCertificates(base64 && Buffer.from(base64, "base64").toString("utf8"));

import type { Adopted, CertificateAction } from "../core/certificates/state.ts";
import type { Client } from "../kube/client.ts";
import type { MutatingWebhookConfiguration } from "../kube/object.ts";
import { resources } from "../kube/resources.ts";
import { issueLeaf, makeAuthority } from "./authority.ts";
import {
  authoritySecretData,
  authoritySecretName,
  keyPairOf,
  parseAuthorities,
  type StoredAuthority,
  storedAuthority,
} from "./authoritySecret.ts";
import { type Seen, webhookConfigurationName } from "./observe.ts";
import { readCertificate } from "./readCertificates.ts";
import { servingSecretData, servingSecretName } from "./servingSecret.ts";
import { certsFieldManager, storeSecret } from "./storeSecret.ts";

export interface ActOptions {
  namespace: string;
  names: readonly string[];
  /** Milliseconds since the epoch. */
  now(): number;
}

/**
 * Carries out one action on what was seen, and puts what it wrote in its place, so that the next action builds on it. Each write is a
 * compare-and-swap. @throws ApiError; a conflict means that somebody was faster: look again
 */
export async function act(client: Client, seen: Seen, action: CertificateAction, options: ActOptions): Promise<void> {
  switch (action.type) {
    case "adopt":
      return keep(
        client,
        seen,
        options,
        action.authorities.reduce((sofar, one) => withAdopted(sofar, seen.known, one), seen.authorities),
      );
    case "forget":
      return keep(
        client,
        seen,
        options,
        seen.authorities.filter(({ id }) => id !== action.id),
      );
    case "makeAuthority":
      return keep(client, seen, options, [...seen.authorities, await newAuthority(seen, action.notAfter, options)]);
    case "issue":
      return issue(client, seen, options, action);
    case "trust":
      return trust(client, seen, action.ids);
  }
}

function withAdopted(authorities: StoredAuthority[], known: Seen["known"], { id, signedUntil }: Adopted): StoredAuthority[] {
  const read = known.get(id);
  if (authorities.some((one) => one.id === id)) return authorities.map((one) => (one.id === id ? { ...one, signedUntil } : one));
  if (read === undefined) throw new Error(`CA ${id} was to be adopted, and was not seen: our bug`);
  return [...authorities, storedAuthority(read, 0, undefined, signedUntil)];
}

async function newAuthority({ authorities }: Seen, notAfter: number, { now }: ActOptions): Promise<StoredAuthority> {
  const { cert, key } = await makeAuthority({ now: new Date(now()), notAfter: new Date(notAfter) });
  const read = readCertificate(cert);
  if (read === undefined) throw new Error("the CA that was just made can't be read: our bug");
  return storedAuthority(read, Math.max(0, ...authorities.map(({ order }) => order)) + 1, key, 0);
}

/** The note comes first: whoever crashes in between leaves a CA that is trusted a little too long, never one that is dropped too early. */
async function issue(client: Client, seen: Seen, options: ActOptions, { by, notAfter }: { by: string; notAfter: number }): Promise<void> {
  const signer = seen.authorities.find(({ id }) => id === by);
  if (signer === undefined) throw new Error(`CA ${by} was to sign, and was not seen: our bug`);
  const leaf = await issueLeaf(keyPairOf(signer), options.names, { now: new Date(options.now()), notAfter: new Date(notAfter) });
  const noted = seen.authorities.map((one) => {
    if (one.id === by) return { ...one, signedUntil: Math.max(one.signedUntil, notAfter) };
    return one.order < signer.order ? { ...one, key: undefined, hasKey: false } : one;
  });
  await keep(client, seen, options, noted);
  const data = servingSecretData({ ...leaf, ca: signer.cert });
  const place = { name: servingSecretName, namespace: options.namespace, type: "kubernetes.io/tls" };
  seen.servingSecret = await storeSecret(client, place, data, seen.servingSecret);
}

async function keep(client: Client, seen: Seen, { namespace }: ActOptions, authorities: readonly StoredAuthority[]): Promise<void> {
  const place = { name: authoritySecretName, namespace, type: "Opaque" };
  seen.authoritySecret = await storeSecret(client, place, authoritySecretData(authorities), seen.authoritySecret);
  seen.authorities = parseAuthorities(seen.authoritySecret);
}

/** Server-side apply of one field per webhook, so that we own that field and no other; with the resourceVersion it is a compare-and-swap too. */
async function trust(client: Client, seen: Seen, ids: readonly string[]): Promise<void> {
  const { configuration, known, authorities } = seen;
  if (configuration === undefined) throw new Error("a configuration was to be patched, and there was none: our bug");
  const pems = ids.map((id) => authorities.find((one) => one.id === id)?.cert ?? known.get(id)?.pem);
  if (pems.includes(undefined)) throw new Error(`of ${ids.join(", ")} not all were seen: our bug`);
  const caBundle = Buffer.from(pems.map((pem) => `${pem?.trim()}\n`).join("")).toString("base64");
  const { resourceVersion } = configuration.metadata;
  const body = {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "MutatingWebhookConfiguration",
    metadata: { name: webhookConfigurationName, ...(resourceVersion === undefined ? {} : { resourceVersion }) },
    webhooks: (configuration.webhooks ?? []).map(({ name }) => ({ name, clientConfig: { caBundle } })),
  };
  seen.configuration = await client.patch<MutatingWebhookConfiguration>(
    resources.mutatingwebhookconfigurations,
    webhookConfigurationName,
    undefined,
    { type: "apply", body, force: true },
    { fieldManager: certsFieldManager },
  );
}

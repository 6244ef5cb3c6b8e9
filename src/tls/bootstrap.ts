import { isAlreadyExists } from "../kube/apiError.ts";
import type { Client } from "../kube/client.ts";
import type { MutatingWebhookConfiguration, Secret } from "../kube/object.ts";
import { resources } from "../kube/resources.ts";
import { intentKeysSecretName, newIntentKeys, parseIntentKeys } from "./intentKeys.ts";
import { makeServingCertificate, parseServingSecret, servingSecretData, servingSecretName, whyUnusable } from "./servingSecret.ts";
import { webhookNames } from "./webhookNames.ts";

/** Owner of `caBundle`, and of nothing else: the applied manifest leaves that field out, so a re-apply can't clear it. */
export const certsFieldManager = "serin-certs";
export const webhookConfigurationName = "canary-serin";

export interface BootstrapOptions {
  namespace: string;
  now: Date;
  /** Told of each thing done, for the log. */
  tell(message: string, fields?: Record<string, unknown>): void;
}

/**
 * Everything without which the webhook can't be called: its certificate, its signing keys, and kube-apiserver's trust in it. Run again it changes
 * nothing; what is unusable is made anew.
 */
export async function bootstrap(client: Client, options: BootstrapOptions): Promise<void> {
  await ensureIntentKeys(client, options);
  const ca = await ensureServingCertificate(client, options);
  await trust(client, ca, options);
}

async function ensureIntentKeys(client: Client, { namespace, tell }: BootstrapOptions): Promise<void> {
  const present = await client.get<Secret>(resources.secrets, intentKeysSecretName, namespace);
  if (parseIntentKeys(present).length > 0) return tell("intent keys are there");
  await store(client, secretOf(intentKeysSecretName, namespace, "Opaque", newIntentKeys()), present);
  tell("made intent keys", { secret: intentKeysSecretName });
}

/** @returns the CA that signed what is served */
async function ensureServingCertificate(client: Client, { namespace, now, tell }: BootstrapOptions): Promise<string> {
  const names = webhookNames(namespace);
  const present = await client.get<Secret>(resources.secrets, servingSecretName, namespace);
  const served = parseServingSecret(present);
  const why = whyUnusable(served, names, now);
  if (served && why === undefined) {
    tell("serving certificate is good");
    return served.ca;
  }
  const made = await makeServingCertificate(names, now);
  const stored = await store(client, secretOf(servingSecretName, namespace, "kubernetes.io/tls", servingSecretData(made)), present);
  tell("made a serving certificate", { secret: servingSecretName, because: present ? why : "there was none" });
  return parseServingSecret(stored)?.ca ?? made.ca;
}

/** Another bootstrap may be faster: then its Secret counts, and ours is forgotten. */
async function store(client: Client, secret: SecretObject, present: Secret | undefined): Promise<Pick<Secret, "data">> {
  if (present) {
    const { resourceVersion } = present.metadata;
    const metadata = { ...secret.metadata, ...(resourceVersion === undefined ? {} : { resourceVersion }) };
    return client.replace<SecretObject>(resources.secrets, { ...secret, metadata }, { fieldManager: certsFieldManager });
  }
  try {
    return await client.create<SecretObject>(resources.secrets, secret, { fieldManager: certsFieldManager });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    const theirs = await client.get<Secret>(resources.secrets, secret.metadata.name, secret.metadata.namespace);
    return theirs ?? secret;
  }
}

interface SecretObject {
  apiVersion: "v1";
  kind: "Secret";
  metadata: { name: string; namespace: string; resourceVersion?: string };
  type: string;
  data: Record<string, string>;
}

const secretOf = (name: string, namespace: string, type: string, data: Record<string, string>): SecretObject => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name, namespace },
  type,
  data,
});

async function trust(client: Client, ca: string, { tell }: BootstrapOptions): Promise<void> {
  const caBundle = Buffer.from(ca).toString("base64");
  const found = await client.get<MutatingWebhookConfiguration>(resources.mutatingwebhookconfigurations, webhookConfigurationName);
  if (!found) throw new Error(`there is no MutatingWebhookConfiguration ${webhookConfigurationName}: apply manifests/ first`);
  const webhooks = (found.webhooks ?? []).map(({ name, clientConfig }) => ({ name, trusted: clientConfig.caBundle === caBundle }));
  if (webhooks.every(({ trusted }) => trusted)) return tell("kube-apiserver trusts it already");
  const body = {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "MutatingWebhookConfiguration",
    metadata: { name: webhookConfigurationName },
    webhooks: webhooks.map(({ name }) => ({ name, clientConfig: { caBundle } })),
  };
  await client.patch(
    resources.mutatingwebhookconfigurations,
    webhookConfigurationName,
    undefined,
    { type: "apply", body, force: true },
    { fieldManager: certsFieldManager },
  );
  tell("kube-apiserver trusts it now", { configuration: webhookConfigurationName, webhooks: webhooks.length });
}

/** An API server with Secrets and one webhook configuration: compare-and-swap, watches, server-side apply of caBundle. In this process, no network. */
import { ApiError } from "../../src/kube/apiError.ts";
import type { Client } from "../../src/kube/client.ts";
import type { KubeObject } from "../../src/kube/object.ts";
import type { Resource } from "../../src/kube/resources.ts";
import type { WatchEvent } from "../../src/kube/watch.ts";

type Stored = KubeObject & { data?: Record<string, string>; webhooks?: Array<{ name: string; clientConfig: { caBundle?: string } }> };

const webhookNames = ["deployments.serin.dev", "plans.serin.dev"];

export class CertificateCluster {
  readonly objects = new Map<string, Stored>();
  /** `create serin-webhook-tls`, `apply canary-serin as serin-certs`. */
  readonly writes: string[] = [];
  /** Asked before each write is carried out; what it throws is the answer. */
  onWrite: (what: string) => void = () => undefined;
  private version = 0;
  private readonly watchers = new Set<(resource: string, event: WatchEvent) => void>();

  readonly client: Client = {
    get: async (resource: Resource, name: string) => structuredClone(this.objects.get(keyOf(resource, name))),
    create: async (resource: Resource, object: unknown) => {
      const { metadata, ...fields } = object as Stored;
      this.onWrite(`create ${metadata.name}`);
      if (this.objects.has(keyOf(resource, metadata.name ?? ""))) throw refusal(409, "AlreadyExists");
      this.writes.push(`create ${metadata.name}`);
      return this.put(resource, metadata.name ?? "", fields);
    },
    replace: async (resource: Resource, object: unknown) => {
      const { metadata, ...fields } = object as Stored;
      this.onWrite(`replace ${metadata.name}`);
      this.expect(resource, metadata.name ?? "", metadata.resourceVersion);
      this.writes.push(`replace ${metadata.name}`);
      return this.put(resource, metadata.name ?? "", fields);
    },
    patch: async (resource: Resource, name: string, _namespace: unknown, patch: { body?: unknown }, by: { fieldManager: string }) => {
      const { metadata, webhooks = [] } = patch.body as Stored;
      this.onWrite(`apply ${name} as ${by.fieldManager}`);
      const held = this.expect(resource, name, metadata.resourceVersion);
      this.writes.push(`apply ${name} as ${by.fieldManager}`);
      const applied = new Map(webhooks.map((one) => [one.name, one.clientConfig.caBundle]));
      return this.configure(
        (held.webhooks ?? []).map((one) => ({
          name: one.name,
          clientConfig: withBundle(applied.get(one.name) ?? one.clientConfig.caBundle),
        })),
      );
    },
    pages: async function* (this: CertificateCluster, resource: Resource) {
      const items = [...this.objects].filter(([key]) => key.startsWith(`${resource.plural}/`)).map(([, object]) => structuredClone(object));
      yield { items, resourceVersion: String(this.version) };
    }.bind(this),
    watch: (resource: Resource, options: { signal: AbortSignal }, onEvent: (event: WatchEvent) => void) =>
      new Promise<void>((resolve) => {
        const watcher = (plural: string, event: WatchEvent) => plural === resource.plural && onEvent(event);
        this.watchers.add(watcher);
        options.signal.addEventListener("abort", () => {
          this.watchers.delete(watcher);
          resolve();
        });
      }),
  } as unknown as Client;

  /** As an administrator would: no compare-and-swap. */
  secret(name: string, data: Record<string, string>): void {
    this.put({ plural: "secrets" }, name, { type: "kubernetes.io/tls", data });
  }

  /** The configuration with these bundles (PEM); by default as the manifest has it, without any. */
  install(bundle?: string, annotations: Record<string, string> = {}): void {
    const caBundle = bundle && Buffer.from(bundle).toString("base64");
    this.configure(
      webhookNames.map((name) => ({ name, clientConfig: withBundle(caBundle) })),
      annotations,
    );
  }

  remove(plural: string, name: string): void {
    const key = `${plural}/${name}`;
    const held = this.objects.get(key);
    if (held === undefined) return;
    this.objects.delete(key);
    this.version += 1;
    this.tell(plural, { type: "DELETED", object: { ...held, metadata: { ...held.metadata, resourceVersion: String(this.version) } } });
  }

  /** What each webhook trusts, PEM. */
  bundles(): string[] {
    return (this.objects.get("mutatingwebhookconfigurations/canary-serin")?.webhooks ?? []).map(({ clientConfig }) =>
      Buffer.from(clientConfig.caBundle ?? "", "base64").toString(),
    );
  }

  data(name: string): Record<string, string> | undefined {
    const data = this.objects.get(`secrets/${name}`)?.data;
    return data && Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, "base64").toString()]));
  }

  private configure(webhooks: NonNullable<Stored["webhooks"]>, annotations?: Record<string, string>): Stored {
    const plural = "mutatingwebhookconfigurations";
    const before = this.objects.get(`${plural}/canary-serin`);
    const generation = (before?.metadata.generation ?? 0) + 1;
    return this.put(
      { plural },
      "canary-serin",
      { webhooks },
      { generation, annotations: annotations ?? before?.metadata.annotations ?? {} },
    );
  }

  private expect(resource: Pick<Resource, "plural">, name: string, version: string | undefined): Stored {
    const held = this.objects.get(keyOf(resource, name));
    if (held === undefined) throw refusal(404, "NotFound");
    if (version !== held.metadata.resourceVersion) throw refusal(409, "Conflict");
    return held;
  }

  private put({ plural }: Pick<Resource, "plural">, name: string, fields: object, metadata: object = {}): Stored {
    const key = `${plural}/${name}`;
    const before = this.objects.get(key);
    this.version += 1;
    const uid = before?.metadata.uid ?? `uid-${this.version}`;
    const object: Stored = { ...fields, metadata: { ...metadata, name, uid, resourceVersion: String(this.version) } };
    this.objects.set(key, object);
    this.tell(plural, { type: before ? "MODIFIED" : "ADDED", object });
    return structuredClone(object);
  }

  private tell(plural: string, event: WatchEvent): void {
    for (const watcher of this.watchers) watcher(plural, structuredClone(event));
  }
}

const keyOf = ({ plural }: Pick<Resource, "plural">, name: string): string => `${plural}/${name}`;
const withBundle = (caBundle: string | undefined) => (caBundle === undefined ? {} : { caBundle });
const refusal = (code: number, reason: string) => new ApiError({ code, reason, doing: "write", message: "simulated" });

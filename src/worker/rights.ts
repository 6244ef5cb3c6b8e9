import { finalizers, workerServiceAccount } from "../api/names.ts";
import { isForbidden } from "../kube/apiError.ts";
import type { Client } from "../kube/client.ts";
import type { KubeObject } from "../kube/object.ts";
import { type Resource, resources } from "../kube/resources.ts";

export interface RightsOptions {
  client: Pick<Client, "get" | "patch">;
  /** Serin's own. */
  namespace: string;
  /** Between two tries. */
  pause(): Promise<void>;
}

/** One of them that could not be changed, `clusterroles serin-worker`, and why. */
export interface Refusal {
  object: string;
  error: unknown;
}

type Change = (finalizers: readonly string[]) => readonly string[];

/**
 * What the worker stands on: its ServiceAccount, its ClusterRole and the binding of the two. A finalizer of ours on each keeps them until the worker has put
 * everything back, whatever is deleted first. A worker that starts puts it there: with it in the manifests, an installation whose pods never ran would stay.
 */
export class Rights {
  readonly #options: RightsOptions;

  constructor(options: RightsOptions) {
    this.#options = options;
  }

  /** What is being deleted already stays as it is: kube-apiserver takes no new finalizer there. @returns what it may not hold */
  hold(): Promise<Refusal[]> {
    return this.#each((present) => (present.includes(finalizers.worker) ? present : [...present, finalizers.worker]), true);
  }

  /** All at once, see `PatchOptions.bodyAfterMs`. @returns what keeps its finalizer */
  letGo(): Promise<Refusal[]> {
    return this.#each((present) => present.filter((finalizer) => finalizer !== finalizers.worker), false);
  }

  async #each(change: Change, begins: boolean): Promise<Refusal[]> {
    const all: readonly [Resource, string?][] = [
      [resources.serviceaccounts, this.#options.namespace],
      [resources.clusterroles],
      [resources.clusterrolebindings],
    ];
    const results = await Promise.allSettled(all.map(([resource, namespace]) => this.#tryAgain(resource, namespace, change, begins)));
    return results.flatMap((result, i) =>
      result.status === "rejected" ? [{ object: `${all[i]?.[0].plural} ${workerServiceAccount}`, error: result.reason }] : [],
    );
  }

  /** A hiccup must not leave a finalizer that nobody is there any more to take off. */
  async #tryAgain(resource: Resource, namespace: string | undefined, change: Change, begins: boolean): Promise<void> {
    for (let more = 4; ; more -= 1) {
      try {
        return await this.#write(resource, namespace, change, begins);
      } catch (error) {
        if (more === 0 || isForbidden(error)) throw error;
        await this.#options.pause();
      }
    }
  }

  async #write(resource: Resource, namespace: string | undefined, change: Change, begins: boolean): Promise<void> {
    const { client } = this.#options;
    const now = await client.get<KubeObject>(resource, workerServiceAccount, namespace);
    if (!now || (begins && now.metadata.deletionTimestamp)) return;
    const before = now.metadata.finalizers ?? [];
    const wanted = change(before);
    if (wanted.length === before.length) return;
    // Two workers begin together, and the list is written whole. In the end there is no time left for a conflict.
    const unchanged = begins ? { resourceVersion: now.metadata.resourceVersion } : {};
    const patch = { type: "merge", body: { metadata: { ...unchanged, finalizers: wanted } } } as const;
    await client.patch(resource, workerServiceAccount, namespace, patch, {
      fieldManager: "serin",
      ...(begins ? {} : { bodyAfterMs: 500 }),
    });
  }
}

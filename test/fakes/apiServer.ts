import { planStatus } from "../../src/api/plan.ts";
import { sameJson } from "../../src/core/traffic/sameJson.ts";
import { ApiError } from "../../src/kube/apiError.ts";
import type { KubeObject } from "../../src/kube/object.ts";
import type { Resource } from "../../src/kube/resources.ts";
import { copy } from "./copy.ts";

export type Change = { type: "ADDED" | "MODIFIED" | "DELETED"; resource: Resource; object: KubeObject; before: KubeObject | undefined };

export interface By {
  /** Becomes an owner of fields, as the real server enters whoever changes something. */
  manager?: string | undefined;
  subresource?: string | undefined;
}

/** Kinds with a status subresource: their main endpoint can't write status, and `status` writes nothing else. */
const withStatus = new Set(["deployments", "replicasets", "pods", "canaryplans", "canarypolicies", "sidecarpolicies"]);

/**
 * The store of kube-apiserver: compare-and-swap, generations, finalizers, owners of fields. Stored objects are never changed in place,
 * so whoever holds one holds a picture of its time.
 */
export class ApiServer {
  readonly #objects = new Map<string, Map<string, KubeObject>>();
  readonly #listeners: Array<(change: Change) => void> = [];
  readonly #now: () => number;
  readonly absent = new Set<string>();
  /** How many watches are open, by plural. */
  readonly watches = new Map<string, number>();
  version = 1000;
  #uids = 0;
  /** Writes that changed nothing (design I12: there should be none). */
  idleWrites: string[] = [];

  constructor(now: () => number) {
    this.#now = now;
  }

  onChange(listener: (change: Change) => void): () => void {
    this.#listeners.push(listener);
    return () => void this.#listeners.splice(this.#listeners.indexOf(listener), 1);
  }

  get<T = KubeObject>(resource: Resource, name: string, namespace?: string): T | undefined {
    return this.#objects.get(resource.plural)?.get(keyOf(name, namespace)) as T | undefined;
  }

  list<T = KubeObject>(resource: Resource): T[] {
    return [...(this.#objects.get(resource.plural)?.values() ?? [])] as T[];
  }

  create<T extends object>(resource: Resource, object: T, by: By = {}): T {
    const { name = "", namespace, ...metadata } = (object as unknown as KubeObject).metadata;
    if (this.get(resource, name, namespace)) throw problem(409, "AlreadyExists", `create ${resource.plural} ${name}`);
    this.#uids += 1;
    const { status: _, ...withoutStatusField } = object as unknown as KubeObject;
    const made = {
      ...(withStatus.has(resource.plural) ? withoutStatusField : object),
      metadata: {
        ...metadata,
        name,
        ...(namespace === undefined ? {} : { namespace }),
        uid: metadata.uid ?? `${resource.plural}-${this.#uids}`,
        generation: 1,
        creationTimestamp: new Date(this.#now()).toISOString(),
        managedFields: owned(metadata.managedFields, by),
      },
    } as unknown as KubeObject;
    return this.#store(resource, copy(made), undefined) as unknown as T;
  }

  /** Replaces the object by what `change` makes of a draft of it. */
  update<T extends object>(resource: Resource, name: string, namespace: string | undefined, change: (draft: T) => void, by: By = {}): T {
    const before = this.get(resource, name, namespace);
    if (!before) throw problem(404, "NotFound", `update ${resource.plural} ${name}`);
    const draft = copy(before);
    change(draft as unknown as T);
    const given = draft.metadata.resourceVersion;
    if (given !== undefined && given !== before.metadata.resourceVersion)
      throw problem(409, "Conflict", `update ${resource.plural} ${name}`);
    const after = withStatus.has(resource.plural) ? onlyItsPart(before, draft, by) : draft;
    const ownersGiven = !sameJson(after.metadata.managedFields, before.metadata.managedFields);
    const metadata = { ...after.metadata, uid: before.metadata.uid, generation: before.metadata.generation };
    const next = { ...after, metadata } as KubeObject;
    if (sameJson(next, before)) {
      if (by.manager === "serin") this.idleWrites.push(`${resource.plural} ${name}`);
      return before as unknown as T;
    }
    // Of a Deployment also with its annotations (kubernetes:pkg/registry/apps/deployment/strategy.go, PrepareForUpdate).
    const isAnnotated = resource.plural === "deployments" && !sameJson(next.metadata.annotations ?? {}, before.metadata.annotations ?? {});
    if (isAnnotated || !sameJson(next["spec"], before["spec"])) next.metadata.generation = (before.metadata.generation ?? 0) + 1;
    if (!ownersGiven) next.metadata.managedFields = owned(next.metadata.managedFields, by);
    else next.metadata.managedFields = (next.metadata.managedFields ?? []).filter(({ manager }) => manager !== undefined);
    if (next.metadata.deletionTimestamp && (next.metadata.finalizers ?? []).length === 0)
      return this.#drop(resource, next, before) as unknown as T;
    return this.#store(resource, next, before) as unknown as T;
  }

  remove(resource: Resource, name: string, namespace?: string, uid?: string): void {
    const before = this.get(resource, name, namespace);
    if (!before) throw problem(404, "NotFound", `delete ${resource.plural} ${name}`);
    if (uid !== undefined && uid !== before.metadata.uid) throw problem(409, "Conflict", `delete ${resource.plural} ${name}`);
    if ((before.metadata.finalizers ?? []).length === 0) {
      this.#drop(resource, before, before);
      return;
    }
    if (before.metadata.deletionTimestamp) return;
    const marked = copy(before);
    marked.metadata.deletionTimestamp = new Date(this.#now()).toISOString();
    this.#store(resource, marked, before);
  }

  #store(resource: Resource, object: KubeObject, before: KubeObject | undefined): KubeObject {
    if (resource.plural === "canaryplans") refuseInvalid(object);
    this.version += 1;
    object.metadata.resourceVersion = String(this.version);
    const kind = this.#objects.get(resource.plural) ?? new Map<string, KubeObject>();
    this.#objects.set(resource.plural, kind);
    kind.set(keyOf(object.metadata.name ?? "", object.metadata.namespace), object);
    this.#tell({ type: before ? "MODIFIED" : "ADDED", resource, object, before });
    return object;
  }

  #drop(resource: Resource, object: KubeObject, before: KubeObject): KubeObject {
    this.version += 1;
    const gone = { ...object, metadata: { ...object.metadata, resourceVersion: String(this.version) } };
    this.#objects.get(resource.plural)?.delete(keyOf(object.metadata.name ?? "", object.metadata.namespace));
    this.#tell({ type: "DELETED", resource, object: gone, before });
    return gone;
  }

  #tell(change: Change): void {
    for (const listener of [...this.#listeners]) listener(change);
  }
}

export const keyOf = (name: string, namespace?: string): string => (namespace === undefined ? name : `${namespace}/${name}`);

export const problem = (code: number, reason: string, doing: string): ApiError =>
  new ApiError({ code, reason, doing, message: "simulated" });

/** What the schema of the CustomResourceDefinition does: a status that does not fit is not stored. */
function refuseInvalid(object: KubeObject): void {
  const { error } = planStatus.safeParse(object["status"] ?? firstStatus);
  if (error !== undefined) throw new ApiError({ code: 422, reason: "Invalid", doing: "write a plan", message: error.message });
}

const firstStatus = { phase: "Preparing", reason: "", message: "" };

function onlyItsPart(before: KubeObject, draft: KubeObject, by: By): KubeObject {
  if (by.subresource === "status") return { ...before, metadata: before.metadata, status: draft["status"] };
  return { ...draft, status: before["status"] };
}

type Owners = KubeObject["metadata"]["managedFields"];

function owned(now: Owners, { manager, subresource }: By): NonNullable<Owners> {
  const owners = now ?? [];
  if (manager === undefined || owners.some((entry) => entry.manager === manager && entry.subresource === subresource)) return owners;
  return [...owners, { manager, operation: "Update", ...(subresource === undefined ? {} : { subresource }) }];
}

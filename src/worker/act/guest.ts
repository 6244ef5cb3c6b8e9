import type { ManagedFieldsEntry } from "../../api/intent.ts";
import { annotations, fieldManager } from "../../api/names.ts";
import type { Change } from "../../core/admission/admitCarried.ts";
import { sameOwners, withoutManager } from "../../core/admission/fieldOwners.ts";
import { isConflict, isUnanswered } from "../../kube/apiError.ts";
import type { Client } from "../../kube/client.ts";
import type { KubeObject } from "../../kube/object.ts";
import type { Resource } from "../../kube/resources.ts";
import { writeInOwnersName } from "./inOwnersName.ts";

/** The decision was made from another revision of the object: look and decide again. */
export class Outdated extends Error {}

export interface GuestWrite {
  client: Client;
  resource: Resource;
  namespace: string;
  name: string;
  /** The revision that the decision was made from. */
  resourceVersion: string;
  /** Made from the object as it is now. */
  change(now: KubeObject): Change;
  /** Who owns the fields afterwards; by default those who did before. */
  owners?(before: ManagedFieldsEntry[], after: ManagedFieldsEntry[]): ManagedFieldsEntry[];
  /** Nothing may delay it: the webhook is not asked to carry it. */
  urgent?: boolean;
}

/** An object has 256 KiB for all its annotations; the team's own are among them. */
const longestCarried = 128 * 1024;

/** A webhook that hangs delays a write by its time limit, one that is down costs a write. After either has happened once, the next ones go without it for so long. */
const withoutWebhookMs = 30_000;
let withoutWebhookUntil = 0;

/**
 * Writes into an object that belongs to a team and leaves no trace of ownership (design §5, I13; why: §3 fact 12). Always a compare-and-swap; in this order:
 *
 *   in the owner's name     one request that changes no ownership (`inOwnersName.ts`)
 *   by our own webhook      the change in an annotation, which admission carries out: not even the revision in between names us as a field's owner
 *   the plain way           the change itself, which makes us an owner for a moment
 *
 * The last two are followed by a patch of `metadata.managedFields` alone, because the API server always enters the writer of a change.
 *
 * @returns the object as it is afterwards, for read-your-writes
 * @throws Outdated, or ApiError
 */
export async function writeAsGuest(write: GuestWrite): Promise<KubeObject> {
  const { client, resource, namespace, name } = write;
  const now = await client.get<KubeObject>(resource, name, namespace);
  if (!now || now.metadata.resourceVersion !== write.resourceVersion) throw new Outdated(`${name} has changed since it was looked at`);
  const change = write.change(now);
  const written = (await writeInOwnersName(write, now, change)) ?? (await writeInOurName(write, now, change));
  const owners = write.owners ?? ((before, after) => withoutManager(before, after, fieldManager));
  const [after, wanted] = [ownersOf(written), owners(ownersOf(now), ownersOf(written))];
  return sameOwners(after, wanted) && !isCarrying(written) ? written : disown(client, resource, written, wanted);
}

/** Annotations that are to go. */
export const without = (names: readonly string[]): Record<string, null> => Object.fromEntries(names.map((name) => [name, null]));

const ownersOf = (object: KubeObject): ManagedFieldsEntry[] => (object.metadata.managedFields ?? []) as ManagedFieldsEntry[];
const isCarrying = (object: KubeObject): boolean => object.metadata.annotations?.[annotations.carried] !== undefined;

async function writeInOurName(write: GuestWrite, now: KubeObject, change: Change): Promise<KubeObject> {
  const carried = await carry(write, now, change);
  return carried && !isCarrying(carried) ? carried : send(write, carried ?? now, change);
}

/** The object as it is when the webhook was asked to carry the change; undefined when it was not asked. */
async function carry(write: GuestWrite, now: KubeObject, change: Change): Promise<KubeObject | undefined> {
  const text = JSON.stringify(change);
  if (write.urgent || text.length > longestCarried || performance.now() < withoutWebhookUntil) return undefined;
  const goWithout = () => {
    withoutWebhookUntil = performance.now() + withoutWebhookMs;
  };
  try {
    const written = await patch(write, now, { metadata: { annotations: { [annotations.carried]: text } } });
    if (isCarrying(written)) goWithout();
    return written;
  } catch (error) {
    if (isUnanswered(error)) goWithout();
    throw error;
  }
}

/** The plain way, and the clean-up where no webhook took the annotation away. */
function send(write: GuestWrite, now: KubeObject, change: Change): Promise<KubeObject> {
  const marks = isCarrying(now) ? { ...change.annotations, [annotations.carried]: null } : change.annotations;
  const spec = change.spec && mergeTo(membersOf(now["spec"], Object.keys(change.spec)), change.spec);
  return patch(write, now, { ...(spec ? { spec } : {}), ...(marks ? { metadata: { annotations: marks } } : {}) });
}

function patch(
  { client, resource, name, namespace }: GuestWrite,
  now: KubeObject,
  body: { metadata?: Record<string, unknown>; spec?: unknown },
): Promise<KubeObject> {
  const metadata = { ...body.metadata, resourceVersion: now.metadata.resourceVersion };
  return client.patch<KubeObject>(resource, name, namespace, { type: "merge", body: { ...body, metadata } }, { fieldManager });
}

const membersOf = (object: unknown, keys: readonly string[]): unknown =>
  isRecord(object) ? Object.fromEntries(keys.flatMap((key) => (object[key] === undefined ? [] : [[key, object[key]]]))) : {};

/** A merge patch (RFC 7386) that makes the value exactly this one: members that it does not have are removed by name. */
function mergeTo(from: unknown, to: unknown): unknown {
  if (!isRecord(from) || !isRecord(to)) return to;
  const gone = Object.keys(from).filter((key) => to[key] === undefined);
  return {
    ...Object.fromEntries(gone.map((key) => [key, null])),
    ...Object.fromEntries(Object.entries(to).map(([key, value]) => [key, mergeTo(from[key], value)])),
  };
}

const isRecord = (value: unknown): value is Record<string, unknown> => value !== null && typeof value === "object" && !Array.isArray(value);

/** Takes our entries out of managedFields; with `owners`, sets exactly those as long as nobody wrote in between. */
export async function disown(client: Client, resource: Resource, object: KubeObject, owners?: ManagedFieldsEntry[]): Promise<KubeObject> {
  const { name = "", namespace } = object.metadata;
  const managedFields = owners ?? withoutOurs(object);
  try {
    // Several owners are the rule; none at all can only be said by one empty entry.
    const marks = isCarrying(object) ? { annotations: { [annotations.carried]: null } } : {};
    const body = {
      metadata: {
        ...marks,
        resourceVersion: object.metadata.resourceVersion,
        managedFields: managedFields.length === 0 ? [{}] : managedFields,
      },
    };
    return await client.patch<KubeObject>(resource, name, namespace, { type: "merge", body }, { fieldManager });
  } catch (error) {
    if (!isConflict(error)) throw error;
    const now = await client.get<KubeObject>(resource, name, namespace);
    if (!now || withoutOurs(now).length === (now.metadata.managedFields ?? []).length) return now ?? object;
    // Somebody wrote in between: what they own now is theirs, what the owners before had and nobody claimed is given back.
    return disown(
      client,
      resource,
      now,
      owners === undefined ? undefined : withoutManager(owners, (now.metadata.managedFields ?? []) as ManagedFieldsEntry[], fieldManager),
    );
  }
}

const withoutOurs = (object: KubeObject): ManagedFieldsEntry[] =>
  ((object.metadata.managedFields ?? []) as ManagedFieldsEntry[]).filter(({ manager }) => manager !== fieldManager);

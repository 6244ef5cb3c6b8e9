import type { ManagedFieldsEntry, Restore } from "../../api/intent.ts";
import { canonicalJson } from "../../api/template.ts";

/*
 * metadata.managedFields says who owns which field. Whoever patches a team's object becomes an owner, and from then on the team's
 * `kubectl apply --server-side` conflicts. So each write of ours is followed by a patch of managedFields alone, with what these functions give:
 *
 *   a revert of the template   previousOwners   the template's fields go back to who owned them before the change
 *   any other write            withoutManager   the owners as they were before our write
 */

type Fields = Record<string, unknown>;

/** The entry reduced to what it owns of `spec.template`; nothing when it owns nothing there. Subresources never own the template. */
export function ownedTemplate(entry: ManagedFieldsEntry): ManagedFieldsEntry[] {
  const owned = templateFields(entry);
  return owned === undefined ? [] : [{ ...entry, fieldsV1: { "f:spec": { "f:template": owned } } }];
}

/**
 * The owners after a revert: our entries are gone, nobody owns fields of the template but who owned them before the change, all other
 * ownership stays as it is now. Without a remembered ownership only our own entries go: taking the template from everybody would let the next
 * apply overwrite it without the conflict that its owner relies on.
 */
export function previousOwners(current: ManagedFieldsEntry[], restore: Restore, ourManager: string): ManagedFieldsEntry[] {
  const others = current.filter((entry) => entry.manager !== ourManager);
  if (restore.managedFields === undefined) return others;
  const previous = restore.managedFields.filter((entry) => entry.manager !== ourManager).flatMap(ownedTemplate);
  const kept = others.flatMap((entry) => {
    const back = previous.find((old) => isSameOwner(old, entry));
    return withTemplate(entry, back && templateFields(back));
  });
  return [...kept, ...previous.filter((old) => !others.some((entry) => isSameOwner(old, entry)))];
}

/**
 * The owners as they were before our write, which was conditional on the revision of `before`, so nobody else wrote the main resource
 * in between. Subresources have writers of their own at any time: theirs are taken from `after`.
 */
export function withoutManager(before: ManagedFieldsEntry[], after: ManagedFieldsEntry[], ourManager: string): ManagedFieldsEntry[] {
  const isOurs = (entry: ManagedFieldsEntry) => entry.manager === ourManager;
  const main = before.filter((entry) => !isSubresource(entry) && !isOurs(entry));
  const later = after.filter((entry) => !isOurs(entry) && (isSubresource(entry) || !main.some((old) => isSameOwner(old, entry))));
  return [...main, ...later];
}

/** Whether two lists say the same of who owns what; when they were written does not matter. */
export function sameOwners(one: readonly ManagedFieldsEntry[], other: readonly ManagedFieldsEntry[]): boolean {
  const said = (entries: readonly ManagedFieldsEntry[]) => entries.map(({ time: _, ...entry }) => canonicalJson(entry)).sort();
  return canonicalJson(said(one)) === canonicalJson(said(other));
}

/** The entry with exactly this ownership of the template; nothing when that leaves it empty. */
function withTemplate(entry: ManagedFieldsEntry, template: Fields | undefined): ManagedFieldsEntry[] {
  if (isSubresource(entry)) return [entry];
  const { "f:spec": spec, ...rest } = entry.fieldsV1 ?? {};
  const { "f:template": _, ...otherSpec } = fieldsOf(spec) ?? {};
  const newSpec = template === undefined ? otherSpec : { ...otherSpec, "f:template": template };
  // An empty `f:spec` would mean owning the whole of spec as one value, so it must vanish, unless that is what the entry said before.
  const wasWholeSpec = spec !== undefined && Object.keys(fieldsOf(spec) ?? {}).length === 0;
  const fieldsV1 = Object.keys(newSpec).length > 0 || wasWholeSpec ? { ...rest, "f:spec": newSpec } : rest;
  return Object.keys(fieldsV1).length === 0 ? [] : [{ ...entry, fieldsV1 }];
}

function templateFields(entry: ManagedFieldsEntry): Fields | undefined {
  if (isSubresource(entry)) return undefined;
  return fieldsOf(fieldsOf(entry.fieldsV1?.["f:spec"])?.["f:template"]);
}

const fieldsOf = (value: unknown): Fields | undefined => (value !== null && typeof value === "object" ? (value as Fields) : undefined);
const isSubresource = (entry: ManagedFieldsEntry): boolean => (entry.subresource ?? "") !== "";

const isSameOwner = (a: ManagedFieldsEntry, b: ManagedFieldsEntry): boolean =>
  a.manager === b.manager &&
  a.operation === b.operation &&
  a.apiVersion === b.apiVersion &&
  (a.subresource ?? "") === (b.subresource ?? "");

import type { ManagedFieldsEntry } from "../../api/intent.ts";

/*
 * Writing in the name of the owner. A team that applies server-side owns its fields under the name of its tool; whoever else changes one becomes an
 * owner, and the team's next apply conflicts. What is applied under the owner's own name, together with everything else that he owns, changes the
 * value and no ownership, in one request that needs no webhook.
 */

/** The one who owns all these fields of `spec`, if nobody else owns any of them. */
export function soleOwner(entries: readonly ManagedFieldsEntry[], fields: readonly string[]): ManagedFieldsEntry | undefined {
  const ownedBy = (entry: ManagedFieldsEntry): string[] => {
    const spec = entry.fieldsV1?.["f:spec"];
    return entry.subresource || !isRecord(spec) ? [] : fields.filter((field) => Object.hasOwn(spec, `f:${field}`));
  };
  const [owner, ...others] = entries.filter((entry) => ownedBy(entry).length > 0);
  return owner && others.length === 0 && ownedBy(owner).length === fields.length ? owner : undefined;
}

/**
 * What of a value somebody owns, by his `fieldsV1`: the configuration that he applies. Undefined where that can't be told without the kind's schema:
 * members of lists (`k:`, `v:`), and an object of which he owns either everything or only that it is there.
 */
export function ownedPart(value: unknown, owned: unknown): unknown {
  if (!isRecord(owned)) return undefined;
  if (Object.keys(owned).length === 0) return isRecord(value) && Object.keys(value).length > 0 ? undefined : value;
  if (!isRecord(value)) return undefined;
  const part: Record<string, unknown> = {};
  for (const [key, below] of Object.entries(owned)) {
    if (key === ".") continue;
    if (!key.startsWith("f:")) return undefined;
    const name = key.slice(2);
    // Owned, and gone by now: to apply without it says just that.
    if (value[name] === undefined || value[name] === null) continue;
    const found = ownedPart(value[name], below);
    if (found === undefined) return undefined;
    part[name] = found;
  }
  return part;
}

const isRecord = (value: unknown): value is Record<string, unknown> => value !== null && typeof value === "object" && !Array.isArray(value);

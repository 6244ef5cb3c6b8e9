import { gunzipSync, gzipSync } from "node:zlib";
import type { ManagedFieldsEntry, Restore } from "../../api/intent.ts";
import { lastApplied } from "../../api/names.ts";
import { ownedTemplate } from "./fieldOwners.ts";

/** The API server allows 256 KiB of annotations per object, and the user's own last-applied-configuration is among them. */
const longestPacked = 64 * 1024;
/** What a packed text may grow to: an annotation is user input until its signature is checked, and afterwards still bounded. */
const longestUnpacked = 4 * 1024 * 1024;

/** Small tables are made faster than they are used on a few KiB: a tenth longer than gzip's defaults, and half the time. */
const quickly = { level: 3, memLevel: 5, windowBits: 13 };

interface Before {
  metadata: { annotations?: Record<string, string>; managedFields?: ManagedFieldsEntry[] };
}

/**
 * Who owned the fields of the template before the change, and kubectl's own record of it, as one annotation-sized text. Undefined when there
 * is nothing to remember or it would be too large; a revert then gives back what it can.
 */
export function packRestore(before: Before): string | undefined {
  const managedFields = (before.metadata.managedFields ?? []).flatMap(ownedTemplate);
  const annotation = before.metadata.annotations?.[lastApplied];
  if (managedFields.length === 0 && annotation === undefined) return undefined;
  const restore: Restore = { managedFields, ...(annotation === undefined ? {} : { lastApplied: annotation }) };
  const packed = gzipSync(JSON.stringify(restore), quickly).toString("base64");
  return packed.length > longestPacked ? undefined : packed;
}

/** Undefined when the text is absent or is not ours. */
export function unpackRestore(packed: string | undefined): Restore | undefined {
  if (packed === undefined) return undefined;
  try {
    const text = gunzipSync(Buffer.from(packed, "base64"), { maxOutputLength: longestUnpacked }).toString("utf8");
    const value: unknown = JSON.parse(text);
    return value !== null && typeof value === "object" && !Array.isArray(value) ? (value as Restore) : undefined;
  } catch {
    return undefined;
  }
}

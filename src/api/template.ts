import { hash } from "node:crypto";
import { podTemplateHash } from "./names.ts";

/** A pod template as it is on the wire; only what Serin reads is named. */
export interface PodTemplate {
  metadata?: { labels?: Record<string, string>; annotations?: Record<string, string>; [field: string]: unknown };
  spec: {
    containers: Container[];
    initContainers?: Container[];
    volumes?: Array<Record<string, unknown>>;
    [field: string]: unknown;
  };
}
export interface Container {
  name: string;
  image?: string;
  ports?: Array<{ name?: string; containerPort: number; hostPort?: number; protocol?: string }>;
  [field: string]: unknown;
}

/** JSON with sorted keys; absent, null and undefined members are the same, as they are to the API server. */
export function canonicalJson(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value ?? null);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  const fields = value as Readonly<Record<string, unknown>>;
  let members = "";
  // By code units, as `<` compares; and one text that grows, since this runs on each review.
  for (const key of Object.keys(fields).sort()) {
    const member = fields[key];
    if (member === undefined || member === null) continue;
    members += `${members === "" ? "" : ","}${JSON.stringify(key)}:${canonicalJson(member)}`;
  }
  return `{${members}}`;
}

/** Whether two values have the same canonical JSON. Without making it: most reviews differ early, or not at all. */
export function sameCanonical(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (a === null || a === undefined || b === null || b === undefined) return (a ?? null) === (b ?? null);
  if (typeof a !== "object" || typeof b !== "object") return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, i) => sameCanonical(item, b[i]));
  }
  const [left, right] = [a as Readonly<Record<string, unknown>>, b as Readonly<Record<string, unknown>>];
  let extra = 0;
  for (const key of Object.keys(left)) {
    const member = left[key];
    if (member === undefined || member === null) continue;
    if (!Object.hasOwn(right, key) || !sameCanonical(member, right[key])) return false;
    extra -= 1;
  }
  for (const key of Object.keys(right)) if (right[key] !== undefined && right[key] !== null) extra += 1;
  return extra === 0;
}

/** The template without the label that the Deployment controller adds to the template of a ReplicaSet. */
export function withoutHash(template: PodTemplate): PodTemplate {
  const labels = template.metadata?.labels;
  if (!labels || !Object.hasOwn(labels, podTemplateHash)) return template;
  const { [podTemplateHash]: _, ...rest } = labels;
  return { ...template, metadata: { ...template.metadata, labels: rest } };
}

/**
 * By what two templates are the same: SHA-256 over their canonical JSON without the pod-template-hash, `creationTimestamp` left out.
 * The Deployment controller compares the same way (`EqualIgnoreHash` in kubernetes:pkg/controller/deployment/util).
 * Both sides must be defaulted by the API server, as stored objects are.
 */
export function templateDigest(template: PodTemplate): string {
  return hash("sha256", canonicalJson(compared(template)), "hex");
}

/** Whether two templates have the same digest. */
export const sameTemplate = (one: PodTemplate, other: PodTemplate): boolean => sameCanonical(compared(one), compared(other));

function compared(template: PodTemplate): object {
  const { creationTimestamp: _, ...metadata } = (withoutHash(template).metadata ?? {}) as Record<string, unknown>;
  return { ...template, metadata };
}

const alphabet = "bcdfghjklmnpqrstvwxz2456789";

/** A pod-template-hash for a ReplicaSet of ours: ten characters of Kubernetes' safe alphabet, made from the template's digest. */
export function hashOf(digest: string): string {
  return Array.from({ length: 10 }, (_, i) => alphabet[Number.parseInt(digest.slice(i * 2, i * 2 + 2), 16) % alphabet.length]).join("");
}

/** The images of a template's containers, init containers after them. */
export function imagesOf(template: PodTemplate): string[] {
  return [...template.spec.containers, ...(template.spec.initContainers ?? [])].map((container) => container.image ?? "");
}

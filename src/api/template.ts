import { createHash } from "node:crypto";
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
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (value !== null && typeof value === "object") {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined && member !== null)
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
      .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
    return `{${members.join(",")}}`;
  }
  return JSON.stringify(value ?? null);
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
  const { creationTimestamp: _, ...metadata } = (withoutHash(template).metadata ?? {}) as Record<string, unknown>;
  return createHash("sha256")
    .update(canonicalJson({ ...template, metadata }))
    .digest("hex");
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

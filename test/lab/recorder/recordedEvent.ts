import type { KubeObject } from "../kubelet/clusterClient.ts";

/** One revision of one object, as the API server stored it. */
export interface RecordedEvent {
  /** When the recorder heard of it, ms since 1970. */
  readonly at: number;
  /** LISTED: it was there when the recording began. */
  readonly type: "LISTED" | "ADDED" | "MODIFIED" | "DELETED";
  readonly kind: string;
  readonly ns: string;
  readonly name: string;
  /** etcd's revision. One counter for all kinds, so it orders what different watches saw. */
  readonly rv: number;
  readonly object: KubeObject;
}

/** `2026-11-23T03:05:01.234Z Deployment shop/nginx (revision 812)`: how every finding begins. */
export function stamp(event: RecordedEvent): string {
  return `${new Date(event.at).toISOString()} ${event.kind} ${event.ns}/${event.name} (revision ${event.rv})`;
}

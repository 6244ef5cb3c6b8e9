/** Kubernetes objects as they are on the wire: plain JSON, timestamps as strings, unknown fields kept. */
import type * as generated from "@kubernetes/client-node";

/**
 * A generated class of client-node as the JSON that really travels. Its classes say `Date` where JSON has a string,
 * which is true only behind client-node's own deserialiser, and that one is not used here (400 ms and 85 MB of import).
 */
export type Wire<T> = T extends Date
  ? string
  : T extends readonly (infer Item)[]
    ? Wire<Item>[]
    : T extends object
      ? { [Key in keyof T]: Wire<T[Key]> }
      : T;

/** All of metadata, managedFields, ownerReferences and finalizers included. */
export type ObjectMeta = Wire<generated.V1ObjectMeta>;

/** Any object of any kind. */
export interface KubeObject {
  apiVersion?: string;
  kind?: string;
  metadata: ObjectMeta;
  [field: string]: unknown;
}

/**
 * What the client needs to know about an object to store it. Wider than KubeObject on purpose: interfaces have no
 * implicit index signature, so a type of `src/api` would not fit KubeObject though its values do.
 */
export interface Storable {
  metadata?: { name?: string | undefined; namespace?: string | undefined } | undefined;
}

/** An object that came from the server: metadata is always there. */
type Stored<T> = Wire<T> & { metadata: ObjectMeta };

export type Deployment = Stored<generated.V1Deployment>;
export type DaemonSet = Stored<generated.V1DaemonSet>;
export type StatefulSet = Stored<generated.V1StatefulSet>;
export type ReplicaSet = Stored<generated.V1ReplicaSet>;
export type Pod = Stored<generated.V1Pod>;
export type PodTemplateSpec = Wire<generated.V1PodTemplateSpec>;
export type Service = Stored<generated.V1Service>;
export type Namespace = Stored<generated.V1Namespace>;
export type Secret = Stored<generated.V1Secret>;
export type ConfigMap = Stored<generated.V1ConfigMap>;
export type PersistentVolumeClaim = Stored<generated.V1PersistentVolumeClaim>;
export type EndpointSlice = Stored<generated.V1EndpointSlice>;
export type Lease = Stored<generated.V1Lease>;
export type KubeEvent = Stored<generated.EventsV1Event>;
export type OwnerReference = Wire<generated.V1OwnerReference>;
export type MutatingWebhookConfiguration = Stored<generated.V1MutatingWebhookConfiguration>;

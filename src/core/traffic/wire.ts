/**
 * The Istio and Kubernetes objects that routing is about, as they stand on the wire. Only what is read or written here has a type; every
 * other field is carried along untouched (`[field: string]: unknown`), because the objects belong to the team (design I11).
 */

interface Opaque {
  readonly [field: string]: unknown;
}

export interface ObjectMetadata extends Opaque {
  readonly name: string;
  readonly namespace: string;
  readonly resourceVersion?: string;
  readonly uid?: string;
  /** RFC 3339. Istio sorts rules by it: the oldest gives the policy, the youngest is the one that counts where rules don't merge. */
  readonly creationTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Where requests go. A host without a dot is a Service in the namespace of the object that holds it. */
export interface Destination extends Opaque {
  readonly host: string;
  readonly subset?: string;
  readonly port?: { readonly number?: number } & Opaque;
}

/** One weighted destination of a route, `http`, `tls` and `tcp` alike. */
export interface RouteDestination extends Opaque {
  readonly destination: Destination;
  /** A share of the route's total (the total need not be 100). Absent: everything when it stands alone, else nothing. */
  readonly weight?: number;
}

export interface Mirror extends Opaque {
  readonly destination: Destination;
}

export interface RouteMatch extends Opaque {
  readonly port?: number;
  readonly gateways?: readonly string[];
}

/** An `http`, `tls` or `tcp` route. What makes them different is carried along. */
export interface Route extends Opaque {
  readonly name?: string;
  readonly match?: readonly RouteMatch[];
  readonly route?: readonly RouteDestination[];
  readonly mirror?: Destination;
  readonly mirrors?: readonly Mirror[];
  readonly redirect?: unknown;
  readonly directResponse?: unknown;
  readonly delegate?: { readonly name?: string; readonly namespace?: string } & Opaque;
}

export interface VirtualServiceSpec extends Opaque {
  readonly hosts?: readonly string[];
  readonly gateways?: readonly string[];
  readonly exportTo?: readonly string[];
  readonly http?: readonly Route[];
  readonly tls?: readonly Route[];
  readonly tcp?: readonly Route[];
}

export interface VirtualServiceObject extends Opaque {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: ObjectMetadata;
  readonly spec: VirtualServiceSpec;
}

export interface Subset extends Opaque {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly trafficPolicy?: unknown;
}

export interface DestinationRuleSpec extends Opaque {
  readonly host: string;
  readonly exportTo?: readonly string[];
  readonly subsets?: readonly Subset[];
  readonly trafficPolicy?: unknown;
  readonly workloadSelector?: unknown;
}

export interface DestinationRuleObject extends Opaque {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: ObjectMetadata;
  readonly spec: DestinationRuleSpec;
}

export interface ServicePort {
  readonly name?: string;
  /** 1..65535, the Service's port, not the pod's. */
  readonly port: number;
  readonly targetPort?: number | string;
  /** `TCP` (also when absent), `UDP` or `SCTP`. */
  readonly protocol?: string;
  readonly appProtocol?: string;
}

/** What routing needs to know of a Service. */
export interface ServiceFacts {
  readonly name: string;
  readonly namespace: string;
  readonly selector: Readonly<Record<string, string>>;
  readonly ports: readonly ServicePort[];
  /** `None` is a headless Service. */
  readonly clusterIP?: string;
}

/** The Lease as one candidate has seen it, and as it would write it. */
import type { Lease } from "../../kube/object.ts";
import { leaseSeconds } from "./decideLease.ts";

export interface LeaseIdentity {
  namespace: string;
  name: string;
  /** Our own holderIdentity. */
  me: string;
}

export class LeaseRecord {
  /** undefined when there is none. */
  lease: Lease | undefined;
  /** When it was first seen with its present content, by the monotonic clock. */
  unchangedSince: number;
  /** The highest leaseTransitions ever seen: somebody may edit the Lease or delete it. */
  highestEpoch = 0;
  private writes = 0;
  private readonly identity: LeaseIdentity;

  constructor(identity: LeaseIdentity, now: number) {
    this.identity = identity;
    this.unchangedSince = now;
  }

  get holder(): string {
    return this.lease?.spec?.holderIdentity ?? "";
  }

  /** A change of the spec, whatever it is, starts the count anew. Labels don't: a tool that annotates must not keep a dead leader alive. */
  remember(lease: Lease | undefined, now: number): void {
    const claim = (one: Lease | undefined): string => JSON.stringify([one?.metadata.uid, one?.spec]);
    if (claim(lease) !== claim(this.lease)) {
      this.unchangedSince = now;
    }
    this.lease = lease;
    this.highestEpoch = Math.max(this.highestEpoch, lease?.spec?.leaseTransitions ?? 0);
  }

  /** Carries the resourceVersion of what was seen last, so of several candidates one succeeds. */
  claimed(epoch: number, isNewTerm: boolean, wallNow: number): Lease {
    const renewTime = this.microTime(wallNow);
    const acquireTime = isNewTerm ? renewTime : (this.lease?.spec?.acquireTime ?? renewTime);
    return this.written({ holderIdentity: this.identity.me, leaseTransitions: epoch, acquireTime, renewTime });
  }

  /** Nobody's: another may take it at once. */
  released(wallNow: number): Lease {
    const renewTime = this.microTime(wallNow);
    return this.written({ holderIdentity: "", leaseTransitions: this.highestEpoch, acquireTime: renewTime, renewTime });
  }

  private written(spec: NonNullable<Lease["spec"]>): Lease {
    const { namespace, name } = this.identity;
    return {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: this.lease?.metadata ?? { name, namespace },
      spec: { ...spec, leaseDurationSeconds: leaseSeconds },
    };
  }

  /** The microseconds count our writes: others must see each renewal as a change, even if the wall clock stands still. */
  private microTime(wallNow: number): string {
    this.writes = (this.writes + 1) % 1_000;
    return `${new Date(wallNow).toISOString().slice(0, -1)}${String(this.writes).padStart(3, "0")}Z`;
  }
}

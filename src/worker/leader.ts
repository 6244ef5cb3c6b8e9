/**
 * One worker at a time: leader election by a Lease and compare-and-swap. Times are counted on this process's monotonic
 * clock from what it saw itself, so clocks that differ, jump or lie change nothing.
 *
 *   leader    ●──2 s──●──2 s──●──✗ ─ ─ ─ ─ ┤ 7 s after its last renewal: stops, whatever it is doing
 *   standby           seen    seen ─────────────────── 10 s without a change ┤ takes over
 *                                          ╰── 3 s ──╯ slack: no request may live longer than this (design I9)
 */
import { randomBytes } from "node:crypto";
import { isConflict, isNotFound } from "../kube/apiError.ts";
import type { Client } from "../kube/client.ts";
import type { Lease } from "../kube/object.ts";
import { resources } from "../kube/resources.ts";
import { decideLease, leaseSeconds, renewDeadline, type Verdict } from "./decideLease.ts";
import type { Clock } from "./queue.ts";

/** One uninterrupted time as the leader. */
export interface Term {
  /** Higher in each later term (the Lease's leaseTransitions), so that traces of an earlier one can be told. */
  readonly epoch: number;
  /** Aborts when the term ends, however it ends. */
  readonly signal: AbortSignal;
}

export interface Listener {
  onStarted(term: Term): void;
  /** The term is over and nothing may be written any more; the election goes on. */
  onStopped(reason: string): void;
}

export interface LeaderOptions {
  /** With a limit of 2 s for a request and `urgent`, so that one that hangs leaves time for another. */
  client: Pick<Client, "get" | "create" | "replace">;
  namespace: string;
  name: string;
  /** The pod's name; something random is added, since a StatefulSet or a test gives the same name again. */
  podName: string;
  clock: Clock;
  /** Milliseconds since 1970, for the timestamps that people read; nothing is decided by them. */
  wallNow?(): number;
  /** Told of each failed request, for the log. */
  onTrouble?(error: unknown): void;
}

export interface Leader {
  /** `<pod>_<random>`, the holderIdentity. */
  readonly identity: string;
  /** True only until the renew deadline, also when this process was frozen and has just come back. */
  isLeader(): boolean;
  /** Takes part in the election until `stop`. */
  run(listener: Listener): Promise<void>;
  /** Ends the term and lets another take over at once. Whoever still writes should have finished before. */
  stop(): Promise<void>;
}

export function createLeader(options: LeaderOptions): Leader {
  return new LeaseLeader(options);
}

class LeaseLeader implements Leader {
  readonly identity: string;
  private readonly options: LeaderOptions;
  private readonly stopping = new AbortController();
  private listener: Listener | undefined;
  private done: Promise<void> | undefined;
  /** The Lease as we last saw it, undefined when there is none, and since when it has looked like this. */
  private lease: Lease | undefined;
  private unchangedSince = Number.NEGATIVE_INFINITY;
  /** The highest leaseTransitions ever seen: somebody may edit the Lease or delete it. */
  private highestEpoch = 0;
  private term: { epoch: number; renewedAt: number; end: AbortController; cancelDeadline: () => void } | undefined;

  constructor(options: LeaderOptions) {
    this.options = options;
    this.identity = `${options.podName}_${randomBytes(4).toString("hex")}`;
  }

  isLeader(): boolean {
    return this.term !== undefined && this.options.clock.now() - this.term.renewedAt < renewDeadline;
  }

  run(listener: Listener): Promise<void> {
    this.listener = listener;
    this.done ??= this.campaign();
    return this.done;
  }

  async stop(): Promise<void> {
    const held = this.term !== undefined;
    this.stopping.abort();
    this.endTerm("stopped");
    await this.done;
    if (held) {
      await this.release();
    }
  }

  private async campaign(): Promise<void> {
    await this.attempt(() => this.look());
    while (!this.stopping.signal.aborted) {
      const verdict = this.decide();
      const well = await this.attempt(() => this.carryOut(verdict));
      await this.pause(well ? this.decide().againIn : retryAfterFailure);
    }
  }

  private decide(): Verdict {
    const { clock } = this.options;
    const spec = this.lease?.spec;
    return decideLease(
      {
        me: this.identity,
        leading: this.isLeader(),
        renewedAt: this.term?.renewedAt,
        lease: this.lease && { holder: spec?.holderIdentity ?? "", seconds: spec?.leaseDurationSeconds },
        unchangedSince: this.unchangedSince,
      },
      clock.now(),
    );
  }

  private async carryOut({ action }: Verdict): Promise<void> {
    switch (action) {
      case "take":
      case "renew":
        return this.write(action);
      case "hold":
        return;
      case "wait":
        return this.look();
    }
  }

  /** Reads the Lease; a change, whatever it is, starts the count anew. */
  private async look(): Promise<void> {
    const { client, namespace, name } = this.options;
    this.remember(await client.get<Lease>(resources.leases, name, namespace));
  }

  private remember(lease: Lease | undefined): void {
    const version = (one: Lease | undefined): string => `${one?.metadata.uid} ${one?.metadata.resourceVersion}`;
    if (this.unchangedSince === Number.NEGATIVE_INFINITY || version(lease) !== version(this.lease)) {
      this.unchangedSince = this.options.clock.now();
    }
    this.lease = lease;
    this.highestEpoch = Math.max(this.highestEpoch, lease?.spec?.leaseTransitions ?? 0);
  }

  /** One write that carries the resourceVersion of what was decided upon: of several candidates one succeeds. */
  private async write(action: "take" | "renew"): Promise<void> {
    const { client, clock } = this.options;
    const sentAt = clock.now();
    const epoch = action === "renew" && this.term ? this.term.epoch : this.highestEpoch + 1;
    const wanted = this.wanted(this.identity, epoch, action);
    try {
      const stored = this.lease ? await client.replace(resources.leases, wanted) : await client.create(resources.leases, wanted);
      this.remember(stored);
    } catch (error) {
      if (isConflict(error) || isNotFound(error)) {
        await this.look();
        this.yieldToOther();
      }
      throw error;
    }
    if (this.stopping.signal.aborted) {
      return;
    }
    if (action === "renew" && this.isLeader()) {
      this.prolong(sentAt);
    } else if (action === "take") {
      this.startTerm(epoch, sentAt);
    }
  }

  private wanted(holderIdentity: string, leaseTransitions: number, action: "take" | "renew" | "release"): Lease {
    const { namespace, name, wallNow = Date.now } = this.options;
    const now = `${new Date(wallNow()).toISOString().slice(0, -1)}000Z`;
    return {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: this.lease?.metadata ?? { name, namespace },
      spec: {
        holderIdentity,
        leaseDurationSeconds: leaseSeconds,
        acquireTime: (action === "take" ? undefined : this.lease?.spec?.acquireTime) ?? now,
        renewTime: now,
        leaseTransitions,
      },
    };
  }

  /** Somebody holds the Lease in our stead: there is no point in waiting for the deadline. */
  private yieldToOther(): void {
    const holder = this.lease?.spec?.holderIdentity;
    if (this.lease !== undefined && holder !== this.identity) {
      this.endTerm(holder ? `${holder} holds the lease` : "somebody released the lease");
    }
  }

  private startTerm(epoch: number, renewedAt: number): void {
    this.endTerm("the lease was taken anew");
    const end = new AbortController();
    this.term = { epoch, renewedAt, end, cancelDeadline: () => {} };
    this.prolong(renewedAt);
    if (this.isLeader()) {
      this.listener?.onStarted({ epoch, signal: end.signal });
    }
  }

  private prolong(renewedAt: number): void {
    const { clock } = this.options;
    const { term } = this;
    if (term) {
      term.renewedAt = renewedAt;
      term.cancelDeadline();
      const expire = (): void => this.endTerm(`no renewal for ${Math.round((clock.now() - renewedAt) / 100) / 10} s`);
      term.cancelDeadline = clock.setTimer(expire, Math.max(0, renewedAt + renewDeadline - clock.now()));
    }
  }

  private endTerm(reason: string): void {
    const { term } = this;
    if (term) {
      this.term = undefined;
      term.cancelDeadline();
      term.end.abort(new Error(`the term as leader is over: ${reason}`));
      this.listener?.onStopped(reason);
    }
  }

  private async release(): Promise<void> {
    await this.attempt(async () => {
      if (this.lease?.spec?.holderIdentity === this.identity) {
        await this.options.client.replace(resources.leases, this.wanted("", this.highestEpoch, "release"));
      }
    });
  }

  /** @returns whether it went well; what went wrong is told, and the loop goes on */
  private async attempt(work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      this.options.onTrouble?.(error);
      return false;
    }
  }

  private pause(milliseconds: number): Promise<void> {
    const { signal } = this.stopping;
    return new Promise((resolve) => {
      const finish = (): void => {
        cancel();
        signal.removeEventListener("abort", finish);
        resolve();
      };
      const cancel = this.options.clock.setTimer(finish, milliseconds);
      signal.addEventListener("abort", finish, { once: true });
      if (signal.aborted) {
        finish();
      }
    });
  }
}

/** Milliseconds after a failed request: half the renew period, which leaves several tries before the deadline. */
const retryAfterFailure = 1_000;

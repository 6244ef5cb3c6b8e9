import type { Log } from "../../api/logLine.ts";
import { type Notification, type ReceiverKind, receiverKind } from "../../api/notification.ts";
import type { CanaryPlan } from "../../api/plan.ts";
import { markKey } from "../../core/notify/marks.ts";
import { type Letter, letterTo, type Notice, noticesOf } from "../../core/notify/notice.ts";
import type { Told } from "../../core/notify/notified.ts";
import type { Client } from "../../kube/client.ts";
import { lanes } from "../../prometheus/lanes.ts";
import type { Follower, World } from "../follower.ts";
import type { Clock } from "../queue.ts";
import { Lane, type Outcome } from "./lane.ts";
import { Outbox } from "./outbox.ts";
import type { Posted } from "./post.ts";
import { ReceiverTests } from "./receiverTests.ts";

export interface NotifierOptions {
  client: Client;
  /** Serin's own. */
  namespace: string;
  log: Log;
  clock: Clock;
  /** Milliseconds since the epoch. */
  now(): number;
  isLeader(): boolean;
  /** One attempt. Never throws. */
  send(receiver: Notification, letter: Letter, signal: AbortSignal): Promise<Posted>;
  /** Told of each attempt, for the metrics. */
  onOutcome?(kind: ReceiverKind, outcome: Outcome): void;
  /** Between 0 and 1, for the jitter. */
  random?(): number;
}

export interface Notifier extends Follower {
  /** How the receivers of a policy do, as far as this leader knows. */
  told(policy: string): Told;
  /** Stores what was told, and takes no more. */
  stop(): Promise<void>;
}

/** For so long after a decision its receivers are told of it; then it is lost. Milliseconds. */
export const giveUpMs = 15 * 60_000;
/** Attempts under way, all receivers together; a dead one holds its place for 10 s of each minute. */
const atOnce = 16;
/** What was told is stored at most so often. Milliseconds. */
const storeEveryMs = 2_000;
/** Before what was told can be read, nothing is told; it is tried again after so long. Milliseconds. */
const readAgainMs = 2_000;

/** Beyond so many plans and receivers those are forgotten whose entries are too old to be told. */
const mostSeen = 4_096;

interface Item {
  receiver: Notification;
  letter: Letter;
  notice: Notice;
}

/**
 * Tells receivers what is stored in the plans' journals, beside the loop: at least once, in order, at most 15 minutes late. It makes one write every 2 s at
 * most, and none when nothing is told.
 */
export function createNotifier(options: NotifierOptions): Notifier {
  const { client, namespace, log, clock, now, isLeader } = options;
  const outbox = new Outbox({ client, namespace, log, now, forgetAfterMs: giveUpMs, mayWrite: isLeader });
  const turn = lanes(atOnce);
  let term: Term | undefined;

  function tell(own: Term, plan: CanaryPlan): void {
    const policy = plan.spec.policy && (own.world.policy(plan.spec.policy.name)?.spec ?? plan.spec.policy.spec);
    if (own.seen.size > mostSeen) for (const [key, { at }] of own.seen) if (at < now() - giveUpMs) own.seen.delete(key);
    for (const receiver of policy?.notifications ?? []) {
      const key = markKey(plan.metadata.uid ?? "", receiver.name);
      const after = Math.max(own.seen.get(key)?.seq ?? 0, outbox.seqOf(key));
      for (const notice of noticesOf(plan, { after, since: now() - giveUpMs })) {
        own.seen.set(key, { seq: notice.seq, at: now() });
        const letter = letterTo(receiver, notice);
        if (letter) laneOf(own, notice.policy, receiver.name).add({ receiver, letter, notice });
      }
    }
  }

  function laneOf(own: Term, policy: string, name: string): Lane<Item> {
    const ofPolicy = own.lanes.get(policy) ?? new Map<string, Lane<Item>>();
    own.lanes.set(policy, ofPolicy);
    const known = ofPolicy.get(name);
    if (known) return known;
    const fresh = new Lane<Item>(
      {
        clock,
        attempt: (item, signal) => attempt(own, item, signal),
        timeLeft: ({ notice }) => Date.parse(notice.at) + giveUpMs - now(),
        onOutcome: (item, outcome, message) => took(own, item, outcome, message),
        ...(options.random === undefined ? {} : { random: options.random }),
      },
      own.signal,
    );
    ofPolicy.set(name, fresh);
    return fresh;
  }

  /** By the policy as it is now: an address that was put right counts at once. */
  async function attempt(own: Term, { receiver, letter, notice }: Item, signal: AbortSignal): Promise<Posted> {
    const now = own.world.policy(notice.policy)?.spec;
    const current = now?.notifications?.find((one) => one.name === receiver.name && receiverKind(one) === receiverKind(receiver));
    const to = now === undefined ? receiver : current;
    if (to === undefined) return { kind: "refused", message: "the policy no longer names this receiver" };
    const leave = await turn(signal);
    if (leave === undefined) return { kind: "again", message: "this worker no longer leads" };
    try {
      return await options.send(to, letter, signal);
    } finally {
      leave();
    }
  }

  function took(own: Term, { receiver, notice }: Item, outcome: Outcome, message?: string): void {
    const { policy } = notice;
    options.onOutcome?.(receiverKind(receiver), outcome);
    const about = { policy, receiver: receiver.name, namespace: notice.namespace, plan: notice.plan, trigger: notice.trigger };
    if (outcome === "lost") log.warn(about, `a notification is lost: ${message}`);
    else if (outcome === "failed") log.debug(about, `a notification failed and is tried again: ${message}`);
    if (outcome !== "failed") {
      outbox.note(markKey(notice.uid, receiver.name), notice.seq);
      storeSoon(own);
    }
    const said = JSON.stringify(told(policy));
    if (said === own.said.get(policy)) return;
    own.said.set(policy, said);
    own.world.lookAtPolicy(policy);
  }

  function storeSoon(own: Term): void {
    own.cancelStore ??= clock.setTimer(() => {
      own.cancelStore = undefined;
      void outbox.store().then(() => {
        if (outbox.isDirty && !own.signal.aborted) storeSoon(own);
      });
    }, storeEveryMs);
  }

  function told(policy: string): Told {
    const ofPolicy = term?.lanes.get(policy) ?? [];
    const states = [...ofPolicy].map(([receiver, { trouble, delivered }]) => ({ receiver, trouble, delivered }));
    return { states, test: term?.tests.resultOf(policy) };
  }

  function begin(own: Term): void {
    void outbox.read().then(
      () => {
        if (own.signal.aborted) return;
        own.isOpen = true;
        for (const plan of own.world.plans()) tell(own, plan);
      },
      (error: unknown) => {
        log.warn({ err: error }, "what was told already can't be read; nothing is told before it is");
        if (!own.signal.aborted) own.cancelRead = clock.setTimer(() => begin(own), readAgainMs);
      },
    );
  }

  return {
    lead(world, signal) {
      const own: Term = {
        world,
        signal,
        isOpen: false,
        seen: new Map(),
        lanes: new Map(),
        said: new Map(),
        tests: new ReceiverTests({ send: options.send, now, signal, onResult: world.lookAtPolicy }),
      };
      term = own;
      signal.addEventListener("abort", () => {
        own.cancelRead?.();
        own.cancelStore?.();
        if (term === own) term = undefined;
      });
      begin(own);
    },
    changed(plan) {
      if (term?.isOpen) tell(term, plan);
    },
    policyChanged(policy) {
      void term?.tests.look(policy);
    },
    told,
    async stop() {
      if (term) term.isOpen = false;
      term?.cancelStore?.();
      await outbox.store();
    },
  };
}

/** One term of leadership. What it remembers goes with it. */
interface Term {
  world: World;
  signal: AbortSignal;
  /** What was told before is known. */
  isOpen: boolean;
  /** Number of the last entry that was queued, by plan and receiver. */
  seen: Map<string, { seq: number; at: number }>;
  /** By policy and receiver. */
  lanes: Map<string, Map<string, Lane<Item>>>;
  tests: ReceiverTests;
  /** What was last said of each policy's receivers. */
  said: Map<string, string>;
  cancelRead?: () => void;
  cancelStore?: (() => void) | undefined;
}

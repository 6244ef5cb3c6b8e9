import { annotations } from "../../api/names.ts";
import type { Notification } from "../../api/notification.ts";
import type { CanaryPolicy, PolicyStatus } from "../../api/policy.ts";
import { oneLine } from "../../core/audit/escape.ts";
import { type Letter, testLetterTo } from "../../core/notify/notice.ts";
import type { Posted } from "./post.ts";

type Result = NonNullable<PolicyStatus["notifyTest"]>;

export interface ReceiverTestsOptions {
  send(receiver: Notification, letter: Letter, signal: AbortSignal): Promise<Posted>;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Of the term of leadership. */
  signal: AbortSignal;
  /** There is a result for the status of this policy. */
  onResult(policy: string): void;
}

/** A test is made so soon after it was asked for, or never: a leader that comes later does not repeat it. Milliseconds. */
const freshMs = 60_000;

/** Tests of receivers, which a person asks for by an annotation on the policy (`kubectl serin notify test`); its value is when. One attempt each, beside whatever waits. */
export class ReceiverTests {
  readonly #options: ReceiverTestsOptions;
  readonly #begun = new Map<string, string>();
  readonly #results = new Map<string, Result>();

  constructor(options: ReceiverTestsOptions) {
    this.#options = options;
  }

  /** What came of the last test of this policy; undefined when this leader has made none. */
  resultOf(policy: string): Result | undefined {
    return this.#results.get(policy);
  }

  /** Makes the test that the policy asks for, if that is a new one. */
  async look({ metadata, spec, status }: CanaryPolicy): Promise<void> {
    const { name } = metadata;
    const at = metadata.annotations?.[annotations.notifyTest];
    if (at === undefined || at === this.#begun.get(name) || at === status?.notifyTest?.at || !this.#isFresh(at)) return;
    this.#begun.set(name, at);
    const { send, signal, onResult } = this.#options;
    const results = await Promise.all(
      (spec.notifications ?? []).map(async (receiver) => {
        const posted = await send(receiver, testLetterTo(receiver, name, at), signal);
        if (posted.kind === "delivered") return { receiver: receiver.name, delivered: true };
        return { receiver: receiver.name, delivered: false, message: oneLine(posted.message, 512) };
      }),
    );
    if (signal.aborted) return;
    this.#results.set(name, { at, results });
    onResult(name);
  }

  /** Anybody who may write a policy can write anything here. */
  #isFresh(at: string): boolean {
    const time = Date.parse(at);
    return Math.abs(this.#options.now() - time) < freshMs && new Date(time).toISOString() === at;
  }
}

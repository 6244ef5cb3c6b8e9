import { fitted } from "../../api/fit.ts";
import { type Condition, type Phase, type PlanStatus, planStatus } from "../../api/plan.ts";
import { oneLine } from "../audit/escape.ts";
import { appended } from "../audit/journal.ts";
import type { Action } from "./action.ts";
import type { PlanReason } from "./reasons.ts";

/** What a look at the world leads to: the status to record, what to do, and when to look again at the latest. */
export interface Decision {
  status: PlanStatus | undefined;
  actions: Action[];
  /** Milliseconds from now; absent: the next event is enough. */
  wakeAfter?: number;
}

/** A decision in the making. Local to one call of `decide`, so that the steps of a decision read as sentences. */
export class Draft {
  status: PlanStatus;
  readonly actions: Action[] = [];
  readonly now: number;
  readonly #journalRoot: () => string;
  #wakeAfter: number | undefined;

  /** `journalRoot`: what the first entry of the journal links to. */
  constructor(status: PlanStatus, now: number, journalRoot: () => string) {
    this.status = structuredClone(status);
    this.now = now;
    this.#journalRoot = journalRoot;
  }

  get time(): string {
    return new Date(this.now).toISOString();
  }

  do(action: Action): void {
    this.actions.push(action);
  }

  /** The reason and message now in force; no journal entry, for what is waited for. */
  say(reason: PlanReason, message: string): void {
    this.status.reason = reason;
    this.status.message = message;
  }

  /** A decision: reason and message go to the status, the journal and an Event, in the same words. */
  tell(reason: PlanReason, text: string, type: "Normal" | "Warning" = "Normal"): void {
    const message = oneLine(text, 2048);
    this.say(reason, message);
    this.status.journal = appended(this.status.journal, { at: this.time, reason, message }, this.#journalRoot);
    this.do({ kind: "event", type, reason, message });
  }

  /** A decision whose action may have to be tried again: told the first time only. */
  tellOnce(reason: PlanReason, message: string): void {
    if (this.toldOf(reason)) this.say(reason, message);
    else this.tell(reason, message);
  }

  /** A state that a look finds again and again: told when it begins, that is when the journal does not have it in these words. */
  tellOnceInWords(reason: PlanReason, text: string): void {
    const message = oneLine(text, 2048);
    if ((this.status.journal ?? []).some((entry) => entry.reason === reason && entry.message === message)) this.say(reason, message);
    else this.tell(reason, message);
  }

  /** Whether the journal has an entry with this reason. */
  toldOf(reason: PlanReason): boolean {
    return (this.status.journal ?? []).some((entry) => entry.reason === reason);
  }

  enter(phase: Phase): void {
    if (this.status.phase === phase) return;
    this.status.phase = phase;
  }

  /** Names what is waited for and since when; a stage that goes on keeps its start. */
  stage(name: string): number {
    if (this.status.stage !== name) {
      this.status.stage = name;
      this.status.stageSince = this.time;
    }
    return this.status.stageSince ? this.now - Date.parse(this.status.stageSince) : 0;
  }

  /** Look again after so many milliseconds at the latest. */
  wake(after: number): void {
    const wait = Math.max(10, Math.ceil(after));
    this.#wakeAfter = this.#wakeAfter === undefined ? wait : Math.min(this.#wakeAfter, wait);
  }

  condition(type: Condition["type"], status: Condition["status"], generation: number | undefined): void {
    const others = (this.status.conditions ?? []).filter((condition) => condition.type !== type);
    const before = (this.status.conditions ?? []).find((condition) => condition.type === type);
    if (before && before.status === status && before.reason === this.status.reason) return;
    this.status.conditions = [
      ...others,
      {
        type,
        status,
        ...(generation === undefined ? {} : { observedGeneration: generation }),
        lastTransitionTime: before?.status === status ? before.lastTransitionTime : this.time,
        reason: this.status.reason,
        message: this.status.message,
      },
    ].sort((a, b) => (a.type < b.type ? -1 : 1));
  }

  decision(): Decision {
    return {
      status: fitted(planStatus, this.status),
      actions: this.actions,
      ...(this.#wakeAfter === undefined ? {} : { wakeAfter: this.#wakeAfter }),
    };
  }
}

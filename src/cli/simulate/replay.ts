import type { Builtin } from "../../api/builtin.ts";
import type { Metric } from "../../api/metric.ts";
import type { MetricStatus } from "../../api/metricStatus.ts";
import type { PolicySpec } from "../../api/policy.ts";
import type { CountsAnswer, MetricAnswer } from "../../core/analysis/answer.ts";
import { builtinsIn, judgeCounts } from "../../core/analysis/builtin/judgeCounts.ts";
import { judge } from "../../core/analysis/condition.ts";
import { type InForce, metricsInForce } from "../../core/analysis/inForce.ts";
import { assess, begin, closingLook, due, nextDue, noDataAt, noDataVerdict, record, toMeasurement } from "../../core/analysis/run.ts";
import { metricKey } from "../../core/plan/snapshot.ts";
import { pauseLength, stepText } from "../../core/plan/steps.ts";

/*
 * The judge over past data. The steps go by the policy alone: the world is as quick as it can be (pods are ready, routes are written, gates are
 * approved at once), and what is measured is what Prometheus holds of that time. So the verdicts, their times and their messages are the judge's
 * own, and the weights are those that the policy would have had.
 */

/** Whoever asks Prometheus, about a time. */
export interface Instruments {
  ask(metric: Metric, at: number): Promise<MetricAnswer>;
  /** What was counted for a built-in since the call before; undefined: nothing new. `run` tells a metric's runs apart. */
  count(builtin: Builtin, run: string, at: number): Promise<CountsAnswer | MetricAnswer | undefined>;
}

export interface Event {
  /** ms since epoch. */
  readonly at: number;
  readonly step: number;
  readonly weight: number;
  readonly message: string;
}

export interface Replayed {
  /** Unfinished: `to` came first. */
  readonly ending: "Promoted" | "RolledBack" | "Paused" | "Unfinished";
  readonly at: number;
  readonly weight: number;
  /** Index of the step that it ended in. */
  readonly step: number;
  readonly message: string;
  readonly events: readonly Event[];
}

/** How often built-ins are looked at, as by the worker. */
const everyMs = 2_000;
/** A window of days is looked at less often: so many looks of a built-in, each one query. */
const mostLooks = 3_600;

/** Replays a policy, its templates filled in, from a time (the canary begins) to another (at the latest), both in ms since epoch. */
export const replay = (policy: PolicySpec, window: { from: number; to: number }, instruments: Instruments): Promise<Replayed> =>
  new Replay(policy, window, instruments).run();

class Replay {
  readonly #policy: PolicySpec;
  readonly #to: number;
  readonly #tick: number;
  readonly #instruments: Instruments;
  readonly #statuses = new Map<string, MetricStatus>();
  readonly #events: Event[] = [];
  #now: number;
  #index = 0;
  #stepStartedAt: number;
  #weight = 0;
  #weightChangedAt: number;
  /** The earliest of what is waited for. */
  #wakeAt = Number.POSITIVE_INFINITY;

  constructor(policy: PolicySpec, { from, to }: { from: number; to: number }, instruments: Instruments) {
    this.#policy = policy;
    this.#to = to;
    this.#tick = Math.max(everyMs, Math.ceil((to - from) / mostLooks));
    this.#instruments = instruments;
    this.#now = from;
    this.#stepStartedAt = from;
    this.#weightChangedAt = from;
  }

  async run(): Promise<Replayed> {
    while (this.#now <= this.#to) {
      this.#wakeAt = Number.POSITIVE_INFINITY;
      const ended = (await this.#steps()) ?? (await this.#looks()) ?? (await this.#steps()) ?? this.#judged();
      if (ended !== undefined) return ended;
      this.#now = Math.max(this.#now + 1, this.#wakeAt);
    }
    this.#now = this.#to;
    return this.#end("Unfinished", this.#lastWords());
  }

  get #inForce(): InForce[] {
    return metricsInForce(this.#policy, this.#index);
  }

  #status(each: InForce): MetricStatus {
    const key = metricKey(each.metric.name, each.step);
    const known = this.#statuses.get(key) ?? begin(each.metric, { ...each, now: this.#now });
    this.#statuses.set(key, known);
    return known;
  }

  /** Measures what is due. The end, if that says so. */
  async #looks(): Promise<Replayed | undefined> {
    await this.#measure();
    return this.#judged();
  }

  async #measure(): Promise<void> {
    for (const each of this.#inForce) {
      const status = this.#status(each);
      if (each.metric.builtin !== undefined) await this.#count(each, each.metric.builtin);
      else if (due(each.metric, status, this.#clock) === true) await this.#ask(each, false);
    }
    for (const each of this.#inForce) {
      const status = this.#status(each);
      const at = nextDue([{ metric: each.metric, status }], this.#clock);
      this.#wake(each.metric.builtin === undefined ? at : this.#now + this.#tick, noDataAt(this.#policy.onNoData, status));
    }
  }

  get #clock(): { now: number; startedAt: number } {
    return { now: this.#now, startedAt: this.#now };
  }

  async #ask(each: InForce, closing: boolean): Promise<void> {
    const judgement = judge(each.metric, await this.#instruments.ask(each.metric, this.#now));
    this.#record(each, this.#status(each), judgement, { closing });
  }

  async #count(each: InForce, builtin: Builtin): Promise<void> {
    const before = this.#status(each);
    const answer = await this.#instruments.count(builtin, `${metricKey(each.metric.name, each.step)} ${before.startedAt}`, this.#now);
    // Without traffic there is nothing to judge; the counters are only followed.
    if (answer === undefined || this.#weight === 0) return;
    if (answer.kind !== "counts") return this.#record(each, before, judge(each.metric, answer), {});
    const circumstances = {
      weight: this.#weight,
      weightChangedAt: this.#weightChangedAt,
      at: this.#now,
      builtins: builtinsIn(this.#policy),
    };
    const { counted, judgement, early } = judgeCounts({ ...each.metric, builtin }, before, answer, circumstances);
    const after = { ...before, counted };
    if (judgement === undefined) this.#statuses.set(metricKey(each.metric.name, each.step), after);
    else this.#record(each, after, judgement, { early });
  }

  #record(
    { metric, step, retention }: InForce,
    before: MetricStatus,
    judgement: ReturnType<typeof judge>,
    how: { closing?: boolean; early?: boolean | undefined },
  ): void {
    const measurement = toMeasurement(judgement, { startedAt: this.#now, finishedAt: this.#now, weight: this.#weight });
    const after = record(metric, before, measurement, { ...how, retention });
    const last = before.measurements.at(-1);
    // What goes on as before is no news.
    if (last?.verdict !== judgement.verdict || last.value !== judgement.value)
      this.#tell(`${judgement.verdict}: ${after.message ?? judgement.message}`);
    this.#statuses.set(metricKey(metric.name, step), after);
  }

  /** The end, if the metrics in force say so. */
  #judged(): Replayed | undefined {
    const statuses = this.#inForce.map((each) => this.#status(each));
    const { phase, message } = assess(statuses);
    if (phase === "Failed" || phase === "Error") return this.#end("RolledBack", message);
    if (phase === "Inconclusive") return this.#end("Paused", message);
    for (const status of statuses.filter(({ dryRun }) => dryRun !== true)) {
      const verdict = noDataVerdict(this.#policy.onNoData, status, this.#now);
      if (verdict !== "ok") return this.#end(verdict.action === "Fail" ? "RolledBack" : "Paused", verdict.message);
    }
    return undefined;
  }

  /** As many steps as are over. */
  async #steps(): Promise<Replayed | undefined> {
    for (;;) {
      const step = this.#policy.steps[this.#index];
      if (step === undefined) return (await this.#passed()) ? this.#end("Promoted", "every step ended with a pass") : undefined;
      if (step.setWeight !== undefined && step.setWeight !== this.#weight) {
        if (step.setWeight > this.#weight && !(await this.#passed())) return undefined;
        this.#weight = step.setWeight;
        this.#weightChangedAt = this.#now;
      }
      if (step.pause?.duration !== undefined && !(await this.#pauseOver(pauseLength(step.pause.duration)))) return undefined;
      if (step.analysis !== undefined && !(await this.#analysed())) return undefined;
      this.#tell(
        `step ${this.#index + 1}/${this.#policy.steps.length}: ${stepText(step)}${step.pause && step.pause.duration === undefined ? ", taken as approved" : ""}`,
      );
      this.#index += 1;
      this.#stepStartedAt = this.#now;
      // The new step's own metrics begin with it.
      if (this.#policy.steps[this.#index]?.analysis !== undefined) await this.#measure();
    }
  }

  async #pauseOver(length: number): Promise<boolean> {
    const over = this.#stepStartedAt + length;
    if (this.#now >= over) return this.#passed();
    this.#wake(over);
    return false;
  }

  async #analysed(): Promise<boolean> {
    const inline = this.#inForce.filter(({ step }) => step !== undefined);
    const { phase } = assess(inline.map((each) => this.#status(each)));
    return phase === "Successful" && this.#passed(inline);
  }

  /** Each metric that judges needs a pass under this weight, at most 10 s old; else it is looked at right now. */
  async #passed(metrics = this.#inForce.filter(({ step }) => step === undefined)): Promise<boolean> {
    if (this.#weight === 0) return true;
    let passed = true;
    for (const each of metrics.filter(({ dryRun }) => !dryRun)) {
      const look = () =>
        closingLook(each.metric, this.#status(each), { now: this.#now, weight: this.#weight, weightChangedAt: this.#weightChangedAt });
      if (look().kind === "measure-now" && each.metric.builtin === undefined) await this.#ask(each, true);
      const looked = look();
      if (looked.kind === "wait") this.#wake(looked.until);
      passed &&= looked.kind === "passed";
    }
    return passed;
  }

  #wake(...times: Array<number | undefined>): void {
    for (const at of times) if (at !== undefined && at > this.#now) this.#wakeAt = Math.min(this.#wakeAt, at);
  }

  #tell(message: string): void {
    this.#events.push({ at: this.#now, step: this.#index, weight: this.#weight, message });
  }

  #lastWords(): string {
    return (
      this.#inForce.map((each) => this.#status(each).message ?? `${each.metric.name}: not measured yet`).join(" · ") ||
      "no metric is in force"
    );
  }

  #end(ending: Replayed["ending"], message: string): Replayed {
    return { ending, at: this.#now, weight: this.#weight, step: this.#index, message, events: this.#events };
  }
}

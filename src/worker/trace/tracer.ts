import { Agent } from "undici";
import type { Log } from "../../api/logLine.ts";
import { release } from "../../api/names.ts";
import { type CanaryPlan, isLive } from "../../api/plan.ts";
import { otlpTrace } from "../../core/trace/otlp.ts";
import { traceOf } from "../../core/trace/spans.ts";
import type { Follower, World } from "../follower.ts";
import { Lane } from "../notify/lane.ts";
import { type Posted, post } from "../notify/post.ts";
import type { Clock } from "../queue.ts";
import type { TraceSettings } from "./settings.ts";

export interface TracerOptions extends TraceSettings {
  log: Log;
  clock: Clock;
  /** Milliseconds since the epoch. */
  now(): number;
}

export interface Tracer extends Follower {
  close(): Promise<void>;
}

/** A plan that ended before is not traced any more: a change of leader takes 20 s. */
const freshMs = 60_000;
/** For so long a collector that does not answer is asked again. */
const giveUpMs = 5 * 60_000;

/** A trace is made for each attempt anew: 200 that wait for a collector would be more than the worker has, while the plans are there anyway. */
interface Item {
  plan: CanaryPlan;
  /** When it ended. Milliseconds since the epoch. */
  at: number;
}

/** Sends a trace of each plan when it has ended, beside the loop. After a change of leader a trace may be sent twice, with the same ids. */
export function createTracer({ url, headers, timeoutMs, resource, log, clock, now }: TracerOptions): Tracer {
  const dispatcher = new Agent({ connections: 1 });
  let lane: Lane<Item> | undefined;
  const sent = new Set<string>();

  function changed(plan: CanaryPlan): void {
    const uid = plan.metadata.uid ?? "";
    const at = Date.parse(plan.status?.finishedAt ?? "");
    if (lane === undefined || isLive(plan) || !(now() - at < freshMs) || sent.has(uid)) return;
    if (!plan.spec.request) return;
    sent.add(uid);
    // Which were sent long ago need not be known: they are not fresh.
    if (sent.size > 1_000) for (const oldest of [...sent].slice(0, 500)) sent.delete(oldest);
    lane.add({ plan, at });
  }

  async function send(plan: CanaryPlan, signal: AbortSignal): Promise<Posted> {
    const trace = traceOf(plan);
    if (!trace) return { kind: "refused", message: "the plan has not ended" };
    const body = JSON.stringify(otlpTrace(trace, resource, release));
    return post({ url, body, contentType: "application/json", headers, dispatcher, signal, deadlineMs: timeoutMs });
  }

  return {
    lead(world: World, signal) {
      sent.clear();
      lane = new Lane<Item>(
        {
          clock,
          attempt: ({ plan }) => send(plan, signal),
          timeLeft: ({ at }) => at + giveUpMs - now(),
          onOutcome: ({ plan: { metadata } }, outcome, message) => {
            const { namespace, name } = metadata;
            if (outcome === "lost") log.warn({ namespace, plan: name }, `a trace is lost: ${message}`);
          },
        },
        signal,
      );
      signal.addEventListener("abort", () => {
        lane = undefined;
      });
      for (const plan of world.plans()) changed(plan);
    },
    changed,
    async close() {
      await dispatcher.destroy();
    },
  };
}

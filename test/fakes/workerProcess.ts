import type { Logger } from "pino";
import { type AuditKeys, parseAuditKeys, withNewKey } from "../../src/tls/auditKeys.ts";
import type { Follower } from "../../src/worker/follower.ts";
import { createWorker, type Worker } from "../../src/worker/worker.ts";
import { apiClient, type ClientLags } from "./apiClient.ts";
import type { ApiServer } from "./apiServer.ts";
import { unknownFields } from "./logFields.ts";
import type { FakePrometheus } from "./prometheus.ts";
import type { SimulatedClock } from "./simulatedClock.ts";
import { keys } from "./users.ts";

/** What the certs process would have made. */
export const auditKeys = withNewKey(parseAuditKeys(undefined), "2026-01-01T00:00:00.000Z");

/** Where to end the process: at its so-manieth write, before the API server carries it out, or after it without the answer. */
export interface CrashPoint {
  write: number;
  when: "before" | "after";
}

/** One life of the worker of `src/worker`, whole, on simulated time. */
export class WorkerProcess {
  #alive = true;
  #writes = 0;
  readonly #worker: Worker;
  readonly #ends = new AbortController();
  /** Errors that are no conflict with another writer: our bugs. */
  readonly errors: unknown[] = [];
  readonly writes: string[] = [];
  onCrash: () => void = () => {};

  constructor(
    server: ApiServer,
    clock: SimulatedClock,
    prometheus: FakePrometheus,
    {
      lags,
      crash,
      sealsWith,
      skewMs = 0,
      followers = [],
    }: {
      lags: ClientLags;
      crash?: CrashPoint | undefined;
      sealsWith(): AuditKeys;
      skewMs?: number | undefined;
      followers?: readonly Follower[] | undefined;
    },
  ) {
    const gate = {
      alive: () => this.#alive,
      onWrite: (when: "before" | "after", what: string) => {
        if (what.endsWith(" events")) return;
        if (when === "before") {
          this.#writes += 1;
          this.writes.push(what);
        }
        if (crash && crash.when === when && crash.write === this.#writes) {
          this.kill();
          this.onCrash();
        }
      },
    };
    this.#worker = createWorker({
      client: apiClient(server, clock, gate, lags),
      prometheus,
      keys: () => keys,
      auditKeys: async () => sealsWith(),
      log: this.#log(),
      namespace: "serin-system",
      instance: "worker-1",
      clock,
      now: () => clock.now() + skewMs,
      isLeader: () => this.#alive,
      followers,
    });
    void this.#worker.ready.then(() => {
      if (this.#alive) this.#worker.lead(this.#ends.signal);
    });
  }

  get isAlive(): boolean {
    return this.#alive;
  }

  /** The process ends at once: nothing that is under way is finished, everything in memory is lost. */
  kill(): void {
    if (!this.#alive) return;
    this.#alive = false;
    this.#ends.abort();
    void this.#worker.stop();
  }

  #log(): Logger {
    const check = (fields: object) => {
      for (const name of unknownFields(fields)) this.errors.push(`the log's schema knows no field ${name}`);
    };
    const error = (fields: { err?: unknown }, message: string) => {
      check(fields);
      this.errors.push(fields.err ?? message);
    };
    return { debug: check, info: check, warn: check, error } as unknown as Logger;
  }
}

import type { Log } from "../../api/logLine.ts";
import { formatMarks, type Marks, mergeMarks, parseMarks } from "../../core/notify/marks.ts";
import { ApiError, isConflict } from "../../kube/apiError.ts";
import type { Client } from "../../kube/client.ts";
import type { ConfigMap } from "../../kube/object.ts";
import { resources } from "../../kube/resources.ts";
import { oneAtATime } from "../oneAtATime.ts";

/** In Serin's own namespace. Not on the plans: a write beside the loop would make the loop's own writes conflicts, and a plan that has ended is sealed. */
export const outboxName = "serin-notified";

export interface OutboxOptions {
  client: Client;
  namespace: string;
  log: Pick<Log, "warn">;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Marks of this age mean nothing. Milliseconds. */
  forgetAfterMs: number;
  mayWrite(): boolean;
}

/** What was told already, kept in a ConfigMap. */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #alone = oneAtATime();
  #marks: Marks = new Map();
  #isDirty = false;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** Number of the last entry that is done with; 0 when none is. */
  seqOf(key: string): number {
    return this.#marks.get(key)?.seq ?? 0;
  }

  note(key: string, seq: number): void {
    if (seq <= this.seqOf(key)) return;
    this.#marks.set(key, { seq, at: this.#options.now() });
    this.#isDirty = true;
  }

  get isDirty(): boolean {
    return this.#isDirty;
  }

  /** What is stored and what is known, together. @throws ApiError for what may pass */
  read(): Promise<void> {
    return this.#alone(async () => {
      this.#take(await this.#get());
    });
  }

  /** Stores what was noted, in one write. What can't be stored is tried again next time. */
  store(): Promise<void> {
    return this.#alone(async () => {
      const { client, namespace, log, mayWrite } = this.#options;
      if (!this.#isDirty || !mayWrite()) return;
      this.#isDirty = false;
      try {
        const stored = await this.#get();
        this.#take(stored);
        if (!mayWrite()) return;
        const { managedFields: _, ...metadata } = stored?.metadata ?? { name: outboxName, namespace };
        const object = { apiVersion: "v1", kind: "ConfigMap", metadata, data: { marks: formatMarks(this.#marks) } };
        const by = { fieldManager: "serin" };
        await (stored ? client.replace(resources.configmaps, object, by) : client.create(resources.configmaps, object, by));
      } catch (error) {
        // Whoever may not write it never may: then a change of leader tells some things twice.
        this.#isDirty = !isRefusal(error);
        if (!isConflict(error)) log.warn({ err: error }, "what was told can't be stored: after a change of leader some is told twice");
      }
    });
  }

  #get(): Promise<ConfigMap | undefined> {
    const { client, namespace } = this.#options;
    return client.get<ConfigMap>(resources.configmaps, outboxName, namespace).catch((error: unknown) => {
      if (isRefusal(error)) return undefined;
      throw error;
    });
  }

  #take(stored: ConfigMap | undefined): void {
    const { now, forgetAfterMs } = this.#options;
    this.#marks = mergeMarks(this.#marks, parseMarks(stored?.data?.["marks"]), now() - forgetAfterMs);
  }
}

const isRefusal = (error: unknown): boolean => error instanceof ApiError && (error.code === 403 || error.code === 422);

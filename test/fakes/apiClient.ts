import { isNotFound } from "../../src/kube/apiError.ts";
import type { Client, Patch } from "../../src/kube/client.ts";
import type { KubeObject } from "../../src/kube/object.ts";
import { type Resource, resourceName } from "../../src/kube/resources.ts";
import { type ApiServer, problem } from "./apiServer.ts";
import { copy } from "./copy.ts";
import type { SimulatedClock } from "./simulatedClock.ts";

/** What the simulation does to the requests of one worker process. */
export interface Gate {
  /** False once the process is dead: its requests are neither carried out nor answered. */
  alive(): boolean;
  /** Asked before and after each write is carried out; may kill the process. */
  onWrite(when: "before" | "after", what: string): void;
}

export interface ClientLags {
  /** From the request to the answer. */
  latencyMs: number;
  /** From a write to the watch event. */
  watchLagMs: number;
}

/** The client of `src/kube` over the simulated API server. */
export function apiClient(server: ApiServer, clock: SimulatedClock, gate: Gate, { latencyMs, watchLagMs }: ClientLags): Client {
  const never = new Promise<never>(() => {});
  const read = async <T>(run: () => T): Promise<T> => {
    await clock.sleep(latencyMs);
    if (!gate.alive()) return never;
    return run();
  };
  const write = async <T>(what: string, run: () => T): Promise<T> => {
    await clock.sleep(latencyMs);
    if (gate.alive()) gate.onWrite("before", what);
    if (!gate.alive()) return never;
    const result = run();
    gate.onWrite("after", what);
    if (!gate.alive()) return never;
    return result;
  };
  return {
    get: (resource, name, namespace) => read(() => server.get(resource, name, namespace)),
    list: (resource) => read(() => ({ items: server.list(resource), resourceVersion: String(server.version) })),
    async *pages(resource) {
      if (server.absent.has(resource.plural)) throw problem(404, "KindNotInstalled", `list ${resourceName(resource)}`);
      yield { items: server.list(resource), resourceVersion: String(server.version) };
    },
    create: (resource, object, options) =>
      write(
        `create ${resource.plural}`,
        () => server.create(resource, object as object, { manager: options?.fieldManager }) as typeof object,
      ),
    replace: (resource, object, options) =>
      write(`replace ${resource.plural}${options?.subresource ? "/status" : ""}`, () => {
        const { name = "", namespace } = object.metadata ?? {};
        const take = (draft: KubeObject) => {
          for (const key of Object.keys(draft)) delete draft[key];
          Object.assign(draft, copy(object));
        };
        const by = { manager: options?.fieldManager, subresource: options?.subresource };
        return server.update<KubeObject>(resource, name, namespace, take, by) as unknown as typeof object;
      }),
    patch: <T>(
      resource: Resource,
      name: string,
      namespace: string | undefined,
      patch: Patch,
      options: { fieldManager: string; subresource?: string },
    ) =>
      write(`patch ${resource.plural}`, () => {
        if (patch.type !== "merge") throw new Error("only merge patches are simulated");
        const take = (draft: KubeObject) => void Object.assign(draft, merged(draft, patch.body));
        const by = { manager: options.fieldManager, subresource: options.subresource };
        return server.update<KubeObject>(resource, name, namespace, take, by) as unknown as T;
      }),
    remove: (resource, name, namespace, options) =>
      write(`delete ${resource.plural}`, () => {
        try {
          server.remove(resource, name, namespace, options?.uid);
        } catch (error) {
          if (!isNotFound(error)) throw error;
        }
      }),
    watch: (resource, options, onEvent) =>
      new Promise<void>((resolve) => {
        let arriving: Parameters<typeof onEvent>[0][] = [];
        const arrive = () => {
          const events = arriving;
          arriving = [];
          if (gate.alive()) for (const event of events) onEvent(event);
        };
        const count = (change: 1 | -1) => server.watches.set(resource.plural, (server.watches.get(resource.plural) ?? 0) + change);
        count(1);
        const stop = server.onChange(({ type, object, resource: { plural } }) => {
          if (plural !== resource.plural || !gate.alive()) return;
          if (arriving.length === 0) clock.setTimer(arrive, watchLagMs);
          arriving.push({ type, object: object as never });
        });
        options.signal.addEventListener("abort", () => {
          count(-1);
          stop();
          resolve();
        });
      }),
  };
}

/** RFC 7386. */
export function merged(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch;
  const result: Record<string, unknown> = isRecord(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = merged(result[key], value);
  }
  return result;
}

const isRecord = (value: unknown): value is Record<string, unknown> => value !== null && typeof value === "object" && !Array.isArray(value);

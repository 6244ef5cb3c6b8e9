/**
 * An API server in this process that stores objects, lists them in pages and serves watches over real HTTP, with the
 * faults that a test asks for. It knows no schema and no admission.
 */
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createHttpsServer, type ServerOptions } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { KubeObject } from "../../src/kube/object.ts";

export interface Seen {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingMessage["headers"];
  body: unknown;
}
export interface Answer {
  code: number;
  body?: unknown;
  headers?: Record<string, string>;
}
/** Returns an answer instead of the usual one, "hang" for none at all, "cut" for a reset, undefined to stay out of it. */
export type Fault = (request: Seen) => Answer | "hang" | "cut" | undefined;

interface HistoryEntry {
  collection: string;
  version: number;
  type: "ADDED" | "MODIFIED" | "DELETED";
  object: KubeObject;
}
interface OpenWatch {
  collection: string;
  response: ServerResponse;
}

export class ApiServerDouble {
  readonly seen: Seen[] = [];
  readonly watches: OpenWatch[] = [];
  fault: Fault = () => undefined;
  /** Told of each new connection. */
  onSocket: (socket: Socket) => void = () => {};
  /** Collections that exist; undefined means any. */
  installed: Set<string> | undefined;
  /** Sockets that were ever opened. */
  connections = 0;
  url = "";
  version = 100;
  private oldest = 0;
  private history: HistoryEntry[] = [];
  private readonly objects = new Map<string, Map<string, KubeObject>>();
  private readonly sockets = new Set<Socket>();
  private readonly waiting = new Set<() => void>();
  private server: ReturnType<typeof createHttpServer> | undefined;

  async start(tls?: ServerOptions): Promise<this> {
    const handle = (request: IncomingMessage, response: ServerResponse): void => void this.handle(request, response);
    this.server = tls ? createHttpsServer(tls, handle) : createHttpServer(handle);
    this.server.on(tls ? "secureConnection" : "connection", (socket: Socket) => {
      this.connections += 1;
      this.sockets.add(socket);
      this.onSocket(socket);
      socket.on("close", () => this.sockets.delete(socket)).on("error", () => {});
    });
    await new Promise<void>((resolve) => this.server?.listen(0, "127.0.0.1", resolve));
    this.url = `${tls ? "https" : "http"}://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
    return this;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) {
      socket.destroy();
    }
    await new Promise((resolve) => this.server?.close(resolve));
  }

  /** Stores an object as some client would; a new uid when it is new. */
  put(collection: string, name: string, fields: Record<string, unknown> = {}, namespace = "shop"): KubeObject {
    const key = `${namespace}/${name}`;
    const held = this.collection(collection).get(key);
    const version = ++this.version;
    const uid = held?.metadata.uid ?? `uid-${version}`;
    const object: KubeObject = { ...fields, metadata: { name, namespace, uid, resourceVersion: String(version) } };
    this.collection(collection).set(key, object);
    this.record({ collection, version, type: held ? "MODIFIED" : "ADDED", object });
    return object;
  }

  delete(collection: string, name: string, namespace = "shop"): void {
    const held = this.collection(collection).get(`${namespace}/${name}`);
    if (held) {
      const version = ++this.version;
      this.collection(collection).delete(`${namespace}/${name}`);
      const object = { ...held, metadata: { ...held.metadata, resourceVersion: String(version) } };
      this.record({ collection, version, type: "DELETED", object });
    }
  }

  /** Forgets history, as etcd's compaction does: whoever asks for older gets a 410. */
  compact(): void {
    this.oldest = this.version;
    this.history = [];
  }

  /** Writes a line into all open watches, whatever it is. */
  line(text: string): void {
    for (const { response } of this.watches) {
      response.write(`${text}\n`);
    }
  }
  bookmark(version: number = this.version): void {
    this.line(JSON.stringify({ type: "BOOKMARK", object: { metadata: { resourceVersion: String(version) } } }));
  }
  /** Resets the connections of all open watches. */
  cutWatches(): void {
    for (const { response } of this.watches.splice(0)) {
      response.socket?.resetAndDestroy();
    }
  }
  /** Ends all open watches in good order. */
  endWatches(): void {
    for (const { response } of this.watches.splice(0)) {
      response.end();
    }
  }

  /** Waits until the condition holds; it is looked at after each request. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => this.waiting.add(resolve));
    }
  }
  requests(method: string, path?: string): Seen[] {
    return this.seen.filter((seen) => seen.method === method && (path === undefined || seen.path === path));
  }

  private collection(path: string): Map<string, KubeObject> {
    const found = this.objects.get(path) ?? new Map<string, KubeObject>();
    this.objects.set(path, found);
    return found;
  }

  private record(entry: HistoryEntry): void {
    this.history.push(entry);
    for (const { response } of this.watches.filter((watch) => watch.collection === entry.collection)) {
      response.write(`${JSON.stringify({ type: entry.type, object: entry.object })}\n`);
    }
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://double");
    const chunks: Buffer[] = [];
    for await (const chunk of request) {
      chunks.push(chunk as Buffer);
    }
    const text = Buffer.concat(chunks).toString();
    const seen: Seen = {
      method: request.method ?? "",
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers,
      body: text === "" ? undefined : JSON.parse(text),
    };
    this.seen.push(seen);
    const answer = this.fault(seen) ?? this.usual(seen, response);
    if (answer === "cut") {
      request.socket.resetAndDestroy();
    } else if (answer !== "hang" && answer !== undefined) {
      send(response, answer);
    }
    for (const wake of this.waiting) {
      this.waiting.delete(wake);
      wake();
    }
  }

  private usual(seen: Seen, response: ServerResponse): Answer | undefined {
    const { collection, name, namespace } = addressOf(seen.path);
    if (this.installed && !this.installed.has(collection)) {
      return { code: 404, body: "404 page not found\n" };
    }
    if (seen.method === "GET" && name === undefined) {
      return seen.query.has("watch") ? this.watch(collection, seen.query, response) : this.list(collection, seen.query);
    }
    const held = this.collection(collection).get(`${namespace}/${name}`);
    if (seen.method === "GET") {
      return held ? { code: 200, body: held } : status(404, "NotFound", `"${name}" not found`);
    }
    if (seen.method === "POST") {
      const { metadata, ...fields } = seen.body as KubeObject;
      const taken = this.collection(collection).has(`${namespace}/${metadata.name}`);
      return taken
        ? status(409, "AlreadyExists", `"${metadata.name}" already exists`)
        : { code: 201, body: this.put(collection, metadata.name ?? "", fields, namespace) };
    }
    return held ? this.change(seen, collection, held) : status(404, "NotFound", `"${name}" not found`);
  }

  private change(seen: Seen, collection: string, held: KubeObject): Answer {
    const { name = "", namespace } = held.metadata;
    if (seen.method === "DELETE") {
      this.delete(collection, name, namespace);
      return status(200, "", "");
    }
    const { metadata, ...fields } = seen.body as KubeObject;
    if (metadata?.resourceVersion && metadata.resourceVersion !== held.metadata.resourceVersion) {
      return status(409, "Conflict", "the object has been modified; please apply your changes to the latest version and try again");
    }
    return { code: 200, body: this.put(collection, name, seen.method === "PUT" ? fields : { ...held, ...fields }, namespace) };
  }

  private list(collection: string, query: URLSearchParams): Answer {
    const all = [...this.collection(collection).values()];
    const limit = Number(query.get("limit") ?? all.length);
    const start = Number(query.get("continue") ?? 0);
    const rest = start + limit < all.length ? { continue: String(start + limit) } : {};
    return {
      code: 200,
      body: { kind: "List", metadata: { resourceVersion: String(this.version), ...rest }, items: all.slice(start, start + limit) },
    };
  }

  private watch(collection: string, query: URLSearchParams, response: ServerResponse): undefined | Answer {
    const from = Number(query.get("resourceVersion"));
    if (from < this.oldest) {
      return status(410, "Expired", `too old resource version: ${from} (${this.oldest})`);
    }
    response.writeHead(200, { "content-type": "application/json" });
    response.flushHeaders();
    for (const { type, object } of this.history.filter((entry) => entry.collection === collection && entry.version > from)) {
      response.write(`${JSON.stringify({ type, object })}\n`);
    }
    const watch = { collection, response };
    this.watches.push(watch);
    response.on("close", () => {
      const index = this.watches.indexOf(watch);
      if (index >= 0) {
        this.watches.splice(index, 1);
      }
    });
    return undefined;
  }
}

export function status(code: number, reason: string, message: string, headers?: Record<string, string>): Answer {
  return { code, body: { kind: "Status", apiVersion: "v1", code, reason, message }, ...(headers ? { headers } : {}) };
}

function send(response: ServerResponse, { code, body, headers }: Answer): void {
  response.writeHead(code, { "content-type": "application/json", ...headers });
  response.end(typeof body === "string" ? body : JSON.stringify(body));
}

/** `/apis/apps/v1/namespaces/shop/deployments/nginx` is `nginx` of `shop` in `/apis/apps/v1/deployments`. */
function addressOf(path: string): { collection: string; namespace?: string; name?: string } {
  const match = /^(\/api\/[^/]+|\/apis\/[^/]+\/[^/]+)(?:\/namespaces\/([^/]+))?\/([^/]+)(?:\/([^/]+))?/.exec(path);
  const [, root = "", namespace, plural = "", name] = match ?? [];
  return { collection: `${root}/${plural}`, ...(namespace ? { namespace } : {}), ...(name ? { name } : {}) };
}

import { createServer, type Server } from "node:http";

export interface Health {
  isReady(): boolean;
  isLeader(): boolean;
}

/** `/healthz` says that the process runs, `/readyz` that its caches are warm, `/metrics` whether it leads. No answer depends on the API server. */
export function serveHealth(address: string, { isReady, isLeader }: Health): Server {
  const at = address.lastIndexOf(":");
  const server = createServer((request, response) => {
    if (request.url === "/healthz") response.writeHead(200).end("ok\n");
    else if (request.url === "/readyz")
      response.writeHead(isReady() ? 200 : 503).end(isReady() ? "ok\n" : "the first lists are still being read\n");
    else if (request.url === "/metrics")
      response
        .writeHead(200, { "content-type": "text/plain; version=0.0.4" })
        .end(`# TYPE serin_worker_leader gauge\nserin_worker_leader ${isLeader() ? 1 : 0}\n`);
    else response.writeHead(404).end();
  });
  return server.listen(Number(address.slice(at + 1)), address.slice(0, at));
}

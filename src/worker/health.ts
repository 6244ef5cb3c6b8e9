import { createServer, type Server } from "node:http";

export interface Health {
  isReady(): boolean;
  /** Text for `/metrics`, and its content type. */
  metrics(): Promise<string>;
  contentType: string;
}

/** `/healthz` says that the process runs, `/readyz` that its caches are warm, `/metrics` what it did. No answer depends on the API server. */
export function serveHealth(address: string, { isReady, metrics, contentType }: Health): Server {
  const at = address.lastIndexOf(":");
  const server = createServer(async (request, response) => {
    if (request.url === "/healthz") response.writeHead(200).end("ok\n");
    else if (request.url === "/readyz")
      response.writeHead(isReady() ? 200 : 503).end(isReady() ? "ok\n" : "the first lists are still being read\n");
    else if (request.url === "/metrics") response.writeHead(200, { "content-type": contentType }).end(await metrics());
    else response.writeHead(404).end();
  });
  return server.listen(Number(address.slice(at + 1)), address.slice(0, at));
}

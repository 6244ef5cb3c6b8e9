import { createServer, type Server } from "node:http";

/** `/healthz` says that the process runs, `/readyz` that everything was in order once, `/metrics` the figures. None asks the API server. */
export function serveFigures(address: { host?: string; port: number }, isReady: () => boolean, figures: () => string): Server {
  const server = createServer({ headersTimeout: 3_000, requestTimeout: 5_000 }, ({ url }, response) => {
    if (url === "/healthz") response.end("ok\n");
    else if (url === "/readyz") response.writeHead(isReady() ? 200 : 503).end(isReady() ? "ok\n" : "certificates are still being made\n");
    else if (url === "/metrics") response.writeHead(200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" }).end(figures());
    else response.writeHead(404).end();
  });
  return server.listen(address);
}

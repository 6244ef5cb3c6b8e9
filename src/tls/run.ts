import { once } from "node:events";
import type { Log } from "../api/logLine.ts";
import { createClient } from "../kube/client.ts";
import type { Connection } from "../kube/connection.ts";
import { certificateFigures } from "./certificateFigures.ts";
import { type KeepOptions, keepCertificates } from "./keepCertificates.ts";
import { serveFigures } from "./serveFigures.ts";

export interface CertificatesOptions extends Pick<KeepOptions, "namespace" | "mode" | "times"> {
  health: { host?: string; port: number };
  log: Log;
}

/** Puts the parts together: the loop, and its health and figures on a port of their own. */
export async function runCertificates(
  connection: Connection,
  { health, ...options }: CertificatesOptions,
): Promise<{ stop(): Promise<void> }> {
  const figures = certificateFigures(() => performance.now());
  const kept = keepCertificates(createClient(connection), { ...options, figures });
  const server = serveFigures(health, kept.isSettled, figures.render);
  await once(server, "listening");
  options.log.info({ mode: options.mode, lives: { ...options.times }, health }, "certs started");
  return {
    async stop() {
      await kept.stop();
      server.close().closeAllConnections();
      await connection.close();
    },
  };
}

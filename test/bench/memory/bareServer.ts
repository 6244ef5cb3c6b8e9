import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { makeServingCertificate } from "../../../src/tls/makeServingCertificate.ts";
import { webhookNames } from "../../../src/tls/webhookNames.ts";

export interface BareServer {
  port: number;
  ca: string;
  pid: number;
  stop(): void;
}

/** A process with nothing but Node's https server, see `bareServerProcess.ts`. @param env what its container would say to Node */
export async function startBareServer(env: Record<string, string>): Promise<BareServer> {
  const { cert, key, ca } = await makeServingCertificate(webhookNames("serin-system"), new Date());
  const child: ChildProcess = fork(new URL("bareServerProcess.ts", import.meta.url), { env: { ...process.env, ...env } });
  child.send({ cert, key });
  const [port] = (await once(child, "message")) as [number];
  return { port, ca, pid: child.pid ?? 0, stop: () => child.disconnect() };
}

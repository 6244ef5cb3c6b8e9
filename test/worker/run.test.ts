import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Log } from "../../src/api/logLine.ts";
import { connect } from "../../src/kube/connection.ts";
import { runWorker } from "../../src/worker/run.ts";

/** Nobody listens there. */
const kubeconfig = `apiVersion: v1
kind: Config
current-context: nowhere
clusters: [{name: nowhere, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: nobody, user: {token: "none"}}]
contexts: [{name: nowhere, context: {cluster: nowhere, user: nobody}}]
`;

test("asked to end before the API server has answered once, it ends", async () => {
  const dir = await mkdtemp(join(tmpdir(), "serin-run-"));
  await writeFile(join(dir, "kubeconfig"), kubeconfig);
  const silent = () => {};
  const worker = runWorker(connect({ kubeconfig: join(dir, "kubeconfig"), userAgent: "test" }), {
    namespace: "serin-system",
    instance: "worker-1",
    health: "127.0.0.1:0",
    prometheus: undefined,
    prometheusSecret: undefined,
    log: { debug: silent, info: silent, warn: silent, error: silent, fatal: silent } as unknown as Log,
  });
  await worker.stop();
  expect(await worker.begun).toBeUndefined();
  await rm(dir, { recursive: true });
});

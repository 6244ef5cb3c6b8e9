/** The loopback kubelet as a process. Environment: KUBECONFIG (cluster admin). Ends on SIGTERM, SIGINT, SIGHUP. */
import { connectCluster } from "./clusterClient.ts";
import { runKubelet } from "./kubelet.ts";

const kubeconfig = process.env["KUBECONFIG"];
if (kubeconfig === undefined) throw new Error("KUBECONFIG is not set: the kubelet needs the lab's cluster admin");

const ended = new AbortController();
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.once(signal, () => ended.abort());

const startedAt = Date.now();
const log = (line: string) => console.log(`${((Date.now() - startedAt) / 1000).toFixed(3)} ${line}`);

const client = connectCluster(kubeconfig, "lab-kubelet");
log(`kubelet ${process.pid}`);
await runKubelet(client, log, ended.signal);
await client.close();
process.exit(0);

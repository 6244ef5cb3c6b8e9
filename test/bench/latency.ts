/** Time that the webhook adds to a write through kube-apiserver, and that it is asked about nothing else. Inside a lab. Ends with 1 when a target is missed. */
import { webhookHealth } from "../lab/addresses.ts";
import { addedLatency, inWords } from "./addedLatency.ts";

const target = { p50: 1.5, p99: 10 };
const fast = process.env["FAST"] === "1";
const added = await addedLatency(process.env["KUBECONFIG"] ?? "", {
  metrics: `http://${webhookHealth(0)}/metrics`,
  ...(fast ? { seconds: 3, pairs: 3 } : {}),
});
const met = added.p50.added <= target.p50 && added.p99.added <= target.p99;
process.stdout.write(`${inWords(added)}target: p50 ≤ ${target.p50} ms, p99 ≤ ${target.p99} ms added: ${met ? "met" : "MISSED"}\n`);
process.exit(met && added.silent.asked === 0 && added.reviews.made > 0 ? 0 : 1);

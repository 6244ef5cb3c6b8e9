import { annotations, systemNamespace } from "../../api/names.ts";
import { receiverKind } from "../../api/notification.ts";
import { parsePolicy } from "../../api/parse.ts";
import type { CanaryPolicy } from "../../api/policy.ts";
import type { KubeObject } from "../../kube/object.ts";
import { resources } from "../../kube/resources.ts";
import { type ConnectOptions, connected } from "../connected.ts";
import { fieldManager } from "../control/ask.ts";
import { printable } from "../cut.ts";
import type { Cluster, Io } from "../io.ts";
import { nameable } from "../target.ts";
import { exitCodes, UserError } from "../userError.ts";

/** One attempt takes the worker 10 s at most. */
const longestMs = 20_000;
const pollMs = 1_000;

/** `kubectl serin notify test NAME`: asks by an annotation on the policy, waits for the result in its status, and takes the annotation away. */
export async function notifyTest(io: Io, name: string, options: ConnectOptions): Promise<number> {
  const cluster = connected(io, options);
  try {
    const policy = await policyNamed(cluster, name);
    const receivers = policy.spec.notifications ?? [];
    if (receivers.length === 0)
      throw new UserError({
        what: `can't test CanaryPolicy ${name}`,
        why: "it names nobody to be told",
        todo: "write spec.notifications: kubectl explain cpol.spec.notifications",
      });
    const results = await tested(io, cluster, name);
    if (results === undefined) return exitCodes.interrupted;
    for (const receiver of receivers) {
      const result = results.find((each) => each.receiver === receiver.name);
      const said = result?.delivered ? "took the test" : (result?.message ?? "was not asked: the policy has changed meanwhile");
      io.out(`${result?.delivered ? "✔" : "✖"} ${receiver.name} (${receiverKind(receiver)}): ${printable(said)}\n`);
    }
    return results.length > 0 && results.every(({ delivered }) => delivered) ? 0 : exitCodes.usage;
  } finally {
    await cluster.close();
  }
}

async function policyNamed({ client }: Cluster, name: string): Promise<CanaryPolicy> {
  const raw = nameable.test(name) ? await client.get<KubeObject>(resources.canarypolicies, name) : undefined;
  if (raw === undefined)
    throw new UserError({ what: `can't test CanaryPolicy ${name}`, why: "there is none of this name", todo: "kubectl get cpol" });
  const { policy, error } = parsePolicy(raw);
  if (policy) return policy;
  throw new UserError({ what: `can't test CanaryPolicy ${name}`, why: error, todo: "kubectl serin lint -f its file" });
}

type Results = NonNullable<NonNullable<CanaryPolicy["status"]>["notifyTest"]>["results"];

/** undefined after Ctrl-C. */
async function tested(io: Io, cluster: Cluster, name: string): Promise<Results | undefined> {
  // By the server's clock: the worker makes no test that was asked for long ago, and ours may be wrong.
  const { date = io.now() } = await cluster.about();
  const at = new Date(Math.floor(date / 1_000) * 1_000 + (io.now() % 1_000)).toISOString();
  await annotate(cluster, name, at);
  try {
    for (let waited = 0; waited < longestMs && !io.interrupted.aborted; waited += pollMs) {
      await io.sleep(pollMs);
      const { status } = await policyNamed(cluster, name);
      if (status?.notifyTest?.at === at) return status.notifyTest.results;
    }
  } finally {
    await annotate(cluster, name, null);
  }
  if (io.interrupted.aborted) return undefined;
  throw new UserError({
    what: `the test of CanaryPolicy ${name} has no result`,
    why: `no worker has answered within ${longestMs / 1_000}s`,
    todo: `is it up, and of this release? kubectl get pods -n ${systemNamespace}`,
  });
}

const annotate = ({ client }: Cluster, name: string, at: string | null): Promise<unknown> =>
  client.patch<KubeObject>(
    resources.canarypolicies,
    name,
    undefined,
    { type: "merge", body: { metadata: { annotations: { [annotations.notifyTest]: at } } } },
    { fieldManager },
  );

import type { Command } from "commander";
import type { Commands } from "../commands.ts";
import type { RepairOptions } from "./repair.ts";
import type { SidecarsOptions } from "./sidecars.ts";

/** `kubectl serin sidecars`, and `repair` below it. */
export function addSidecars(program: Command, { io, reaching, done }: Commands): void {
  const list = reaching(
    program
      .command("sidecars")
      .helpCommand(false)
      .description("List pods and what SidecarPolicies ask of them: what they carry, what they lack, and why")
      .option("-n, --namespace <name>", "namespace of the pods (default: that of the context)")
      .option("-A, --all-namespaces", "pods of all namespaces")
      .option("-l, --selector <labels>", "only pods with these labels, as kubectl takes them")
      .option("--missing", "only pods that lack something; exit code 2 if there are any")
      .option("--policy <name>", "only what this policy asks")
      .option("-o, --output <format>", "wide, json, yaml, name or jsonpath=TEMPLATE"),
  )
    .addHelpText("after", listHelp)
    .action(async (options: SidecarsOptions) => done(await (await import("./sidecars.ts")).sidecars(io, options)));
  // What stands behind `repair` is read by `sidecars` too, so its options are in both places.
  list
    .command("repair")
    .description("Restart a Deployment, DaemonSet or StatefulSet at its own pace, if its pods lack what new ones would get")
    .argument("<workload...>", "deploy/NAME, daemonset/NAME or statefulset/NAME")
    .option("--dry-run", "say what would be done, and let the server check it; nothing is changed")
    .option("--no-wait", "don't wait until all pods are new")
    .addHelpText("after", repairHelp)
    .action(async (words: string[], _: unknown, command: Command) =>
      done(await (await import("./repair.ts")).repair(io, words, command.optsWithGlobals<RepairOptions>())),
    );
}

const listHelp = `
One line for each pod and policy that asks something of it, the pods of one owner together, then what to do for each reason.
Pods that no policy is for, that have ended or are being deleted are not listed, nor are those of system namespaces.
Exit code 0: listed; 2: --missing was asked, and there are some; 1: an error.
-o json prints one SidecarReport: policies (counts of matched, carrying, missing) and pods, each {namespace, name, owner, createdAt, policy,
standing: Carrying or Missing, lacks: [{what, reason, message, repairable}]}. Fields are only ever added.
You need to read pods and the namespace, and sidecarpolicies, which have no namespace: the ClusterRole serin-policy-view, in a
ClusterRoleBinding. No worker is needed.`;

const repairHelp = `
Also: -n, --context and --kubeconfig, as for \`kubectl serin sidecars\`.
It writes what \`kubectl rollout restart\` writes: the annotation kubectl.kubernetes.io/restartedAt on the pod template. That is no change of an image, so
under a CanaryPolicy with trigger: Image it is no canary; with trigger: Template it becomes one. Nothing is restarted when nothing is missing,
when new pods would lack the same (opted out, a name that is taken, …), or while a plan holds the Deployment.
Exit code 0: nothing is missing, or (--no-wait, --dry-run) asked; 2: something is missing still; 1: not restarted.`;

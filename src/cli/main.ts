import { Command, CommanderError } from "commander";
import { ApiError } from "../kube/apiError.ts";
import { addAudit } from "./audit/command.ts";
import type { ConnectOptions } from "./connected.ts";
import { printable } from "./cut.ts";
import { type ExplainOptions, explain } from "./explain.ts";
import { type GetOptions, get } from "./get.ts";
import { addImport } from "./import/command.ts";
import type { Io } from "./io.ts";
import { addLint } from "./lint/command.ts";
import { retry } from "./retry.ts";
import { addSidecars } from "./sidecarCommands.ts";
import { addSimulate } from "./simulate/command.ts";
import { exitCodes, UserError } from "./userError.ts";

/** The CLI: arguments in, exit code out. `argv` is what stands behind `kubectl serin`. */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  let code = 0;
  const program = commands(io, (result) => {
    code = result;
  });
  try {
    await program.parseAsync([...argv], { from: "user" });
    return code;
  } catch (error) {
    return tell(error, io);
  }
}

/** All that can be typed. */
export function commands(io: Io, done: (code: number) => void): Command {
  const program = new Command("kubectl serin")
    .description("Shows and explains the canaries that Serin makes of image changes, and which pods carry their sidecars.")
    .exitOverride()
    .configureOutput({ writeOut: (text) => io.out(text), writeErr: (text) => io.err(text) })
    .helpCommand(false)
    .showHelpAfterError("(kubectl serin --help lists what there is)");
  // Every verb finds its cluster in the same way.
  const verb = (name: string, description: string, target: string, names: string) =>
    program
      .command(name)
      .description(description)
      .argument(`<${target}...>`, names)
      .option("-n, --namespace <name>", "namespace of the Deployment (default: that of the context)");
  const reaching = (command: Command) =>
    command
      .option("--context <name>", "context of the kubeconfig")
      .option("--kubeconfig <path>", "kubeconfig file (default: $KUBECONFIG, then ~/.kube/config)");
  reaching(
    verb("get", "Show a Deployment's canary: plan, steps, metrics, pods and routes", "deployment", "deploy/NAME or NAME")
      .option("-w, --watch", "keep showing until the plan ends; exit code 0 promoted, 2 not promoted, 5 no plan")
      .option("--no-color", "no colours (also: NO_COLOR=1, TERM=dumb)")
      .option("--ascii", "only ASCII characters"),
  ).action(async (words: string[], options: GetOptions) => done(await get(io, words, options)));
  reaching(
    verb(
      "explain",
      "Say which policy an image change of a Deployment would meet, and why not the others; nothing is changed",
      "deployment",
      "deploy/NAME or NAME",
    )
      .option(
        "--image <container=image>",
        "explain this very change, repeatable (default: another image of any container)",
        (one: string, all: string[]) => [...all, one],
        [],
      )
      .option("-o, --output <format>", "json: for programs"),
  )
    .addHelpText("after", explainHelp)
    .action(async (words: string[], options: ExplainOptions) => done(await explain(io, words, options)));
  reaching(verb("retry", "Give a template that failed and is held another canary", "target", "deploy/NAME, or plan NAME"))
    .addHelpText("after", retryHelp)
    .action(async (words: string[], options: ConnectOptions) => done(await retry(io, words, options)));
  addAudit(program, io, done);
  addLint(program, io, done);
  addImport(program, io, done);
  reaching(addSimulate(program, io, done));
  addSidecars(program, { io, reaching, done });
  return program;
}

const explainHelp = `
Exit code 0: a policy applies (it holds the change, or refuses it); 2: none applies, or the change would roll out as usual; 1: an error.
Whether a worker is alive is not looked at: that is a matter of the moment (whenWorkerIsDown).
You need to read deployments, services and canaryplans of the namespace, and canarypolicies, which have no namespace: the ClusterRole
serin-policy-view, in a ClusterRoleBinding.`;

const retryHelp = `
A template is held after it failed under onFailure: Hold, and when it is asked for again after it was rolled back (onRepeat: Hold).
Who may: whoever may patch canaryplans in that namespace. The ClusterRole serin-edit allows it, as a part of edit and admin.
Serin's webhook records who asked and when, in the plan's spec.control.retry and in the new plan's request. Exit code 0: asked; 1: not.`;

/** The one place that tells errors. */
function tell(error: unknown, io: Io): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCodes.usage;
  const told = error instanceof ApiError ? fromApi(error) : error;
  if (told instanceof UserError) {
    io.err(`error: ${printable(told.what)}\n  why: ${printable(told.why)}\n  try: ${printable(told.todo)}\n`);
    return told.code;
  }
  io.err(`This is a bug in Serin; please report it with these lines:\n${error instanceof Error ? error.stack : String(error)}\n`);
  return exitCodes.bug;
}

const remedies: Record<string, string> = {
  Unauthorized: "log in again, or choose another user with --context",
  Forbidden:
    "ask for the right to read deployments, replicasets, pods, services, virtualservices and canaryplans there, and canarypolicies and sidecarpolicies",
  KindNotInstalled: "install Serin: kubectl apply -k manifests",
  Unreachable: "is the cluster up, and is this the right one? kubectl cluster-info",
  Timeout: "try again; is the cluster overloaded?",
};

/** What was being done, by its first words, and what to do when it may not be done. */
const writeRemedies: ReadonlyArray<readonly [doing: string, todo: string]> = [
  ["patch canaryplans", "ask for the right to patch canaryplans there: the ClusterRole serin-edit has it, and so have edit and admin"],
  ["patch ", "ask for the right to patch it: a restart changes the pod template, as kubectl rollout restart does"],
];

const writeRemedy = ({ doing, reason }: ApiError): string | undefined =>
  reason === "Forbidden" ? writeRemedies.find(([begins]) => doing.startsWith(begins))?.[1] : undefined;

function fromApi(error: ApiError): UserError {
  const why = error.message.startsWith(`${error.doing}: `) ? error.message.slice(error.doing.length + 2) : error.message;
  return new UserError({
    what: `can't ${error.doing}`,
    why,
    todo: writeRemedy(error) ?? remedies[error.reason] ?? "kubectl get --raw /readyz?verbose says how the API server is",
    cause: error,
  });
}

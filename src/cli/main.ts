import { Command, CommanderError } from "commander";
import { ApiError } from "../kube/apiError.ts";
import { printable } from "./cut.ts";
import { type GetOptions, get } from "./get.ts";
import type { Io } from "./io.ts";
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
    return explain(error, io);
  }
}

function commands(io: Io, done: (code: number) => void): Command {
  const program = new Command("kubectl serin")
    .description("Shows the canaries that Serin makes of image changes.")
    .exitOverride()
    .configureOutput({ writeOut: (text) => io.out(text), writeErr: (text) => io.err(text) })
    .helpCommand(false)
    .showHelpAfterError("(kubectl serin --help lists what there is)");
  program
    .command("get")
    .description("Show a Deployment's canary: plan, steps, metrics, pods and routes")
    .argument("<deployment...>", "deploy/NAME or NAME")
    .option("-n, --namespace <name>", "namespace of the Deployment (default: that of the context)")
    .option("-w, --watch", "keep showing until the plan ends; exit code 0 promoted, 2 not promoted, 5 no plan")
    .option("--no-color", "no colours (also: NO_COLOR=1, TERM=dumb)")
    .option("--ascii", "only ASCII characters")
    .option("--context <name>", "context of the kubeconfig")
    .option("--kubeconfig <path>", "kubeconfig file (default: $KUBECONFIG, then ~/.kube/config)")
    .action(async (words: string[], options: GetOptions) => done(await get(io, words, options)));
  return program;
}

/** The one place that tells errors. */
function explain(error: unknown, io: Io): number {
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
  Forbidden: "ask for the right to read deployments, replicasets, pods, virtualservices and canaryplans there",
  KindNotInstalled: "install Serin: kubectl apply -k manifests",
  Unreachable: "is the cluster up, and is this the right one? kubectl cluster-info",
  Timeout: "try again; is the cluster overloaded?",
};

function fromApi(error: ApiError): UserError {
  const why = error.message.startsWith(`${error.doing}: `) ? error.message.slice(error.doing.length + 2) : error.message;
  return new UserError({
    what: `can't ${error.doing}`,
    why,
    todo: remedies[error.reason] ?? "kubectl get --raw /readyz?verbose says how the API server is",
    cause: error,
  });
}

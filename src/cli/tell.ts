import { CommanderError } from "commander";
import { ApiError } from "../kube/apiError.ts";
import { printable } from "./cut.ts";
import type { Io } from "./io.ts";
import { exitCodes, UserError } from "./userError.ts";

/** The one place that tells errors. @returns the exit code */
export function tell(error: unknown, io: Io): number {
  // 0 after a help text; what is typed wrong is 1, as exitCodes.usage is, but for a verb that has another meaning for it.
  if (error instanceof CommanderError) return error.exitCode;
  const told = error instanceof ApiError ? fromApi(error) : error;
  if (told instanceof UserError) {
    io.err(`error: ${printable(told.what)}\n  why: ${printable(told.why)}\n  try: ${printable(told.todo)}\n`);
    return told.code;
  }
  const lines = String(error instanceof Error ? error.stack : error).split("\n");
  io.err(`This is a bug in Serin; please report it with these lines:\n${lines.map(printable).join("\n")}\n`);
  return exitCodes.bug;
}

const remedies: Record<string, string> = {
  Unauthorized: "log in again, or choose another user with --context",
  Forbidden:
    "ask for the right to read deployments, replicasets, pods, services, virtualservices and canaryplans there, and canarypolicies and sidecarpolicies",
  BadRequest: "see what was typed: -l takes labels as kubectl does, app=web,tier!=cache",
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

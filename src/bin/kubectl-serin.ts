#!/usr/bin/env node
import { readFile } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import type { Io } from "../cli/io.ts";
import { main } from "../cli/main.ts";
import { aboutServer } from "../kube/about.ts";
import { createClient } from "../kube/client.ts";
import { connect } from "../kube/connection.ts";
import { leaving } from "./leaving.ts";

/** `kubectl serin …`: the process's own input and output for `src/cli`. */
const { interrupted, isUnread } = leaving(process);

const io: Io = {
  out: (line) => void (isUnread() || process.stdout.write(line)),
  err: (line) => void process.stderr.write(line),
  read: async (file) => (file === "-" ? (await import("node:stream/consumers")).text(process.stdin) : readFile(file, "utf8")),
  screen: () => (process.stdout.isTTY ? { columns: process.stdout.columns || 80, rows: process.stdout.rows || 24 } : undefined),
  async confirm(question) {
    if (!process.stdin.isTTY) return undefined;
    const { createInterface } = await import("node:readline/promises");
    const person = createInterface({ input: process.stdin, output: process.stderr });
    // Ctrl-C and Ctrl-D are no answer, and no answer is no.
    const answer = await new Promise<string>((resolve) => {
      person.once("close", () => resolve(""));
      person.question(`${question} (y/N) `, { signal: interrupted }).then(resolve, () => resolve(""));
    });
    person.close();
    return /^y(es)?$/i.test(answer.trim());
  },
  env: process.env,
  now: () => Date.now(),
  sleep: (milliseconds) => setTimeout(milliseconds, undefined, { signal: interrupted }).catch(() => undefined),
  interrupted,
  prometheus: async (defaultAddress) => (await import("../prometheus/client.ts")).createPrometheus({ defaultAddress }),
  connect({ timeoutMs, ...options }) {
    const connection = connect({ ...options, userAgent: "kubectl-serin/0.1.0" });
    const { namespace } = connection;
    return {
      client: createClient(connection, { timeoutMs }),
      namespace,
      about: () => aboutServer(connection, timeoutMs),
      close: () => connection.close(),
    };
  },
};

void main(process.argv.slice(2), io).then((code) => {
  if (!isUnread()) process.exitCode = code;
});

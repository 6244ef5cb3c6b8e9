#!/usr/bin/env node
import { readFile } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import type { Io } from "../cli/io.ts";
import { main } from "../cli/main.ts";
import { aboutServer } from "../kube/about.ts";
import { createClient } from "../kube/client.ts";
import { connect } from "../kube/connection.ts";

/** `kubectl serin …`: the process's own input and output for `src/cli`. */
const interrupted = new AbortController();
process.once("SIGINT", () => interrupted.abort());
process.once("SIGTERM", () => interrupted.abort());

const io: Io = {
  out: (line) => void process.stdout.write(line),
  err: (line) => void process.stderr.write(line),
  read: async (file) => (file === "-" ? (await import("node:stream/consumers")).text(process.stdin) : readFile(file, "utf8")),
  screen: () => (process.stdout.isTTY ? { columns: process.stdout.columns || 80, rows: process.stdout.rows || 24 } : undefined),
  async confirm(question) {
    if (!process.stdin.isTTY) return undefined;
    const { createInterface } = await import("node:readline/promises");
    const person = createInterface({ input: process.stdin, output: process.stderr });
    try {
      return /^y(es)?$/i.test((await person.question(`${question} (y/N) `, { signal: interrupted.signal })).trim());
    } finally {
      person.close();
    }
  },
  env: process.env,
  now: () => Date.now(),
  sleep: (milliseconds) => setTimeout(milliseconds, undefined, { signal: interrupted.signal }).catch(() => undefined),
  interrupted: interrupted.signal,
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
  process.exitCode = code;
});

import type { About } from "../kube/about.ts";
import type { Client } from "../kube/client.ts";
import type { Overrides } from "../kube/kubeconfig.ts";
import type { Prometheus } from "../prometheus/client.ts";

/** Everything that the CLI touches outside itself. `bin` makes it of the process, tests of plain values. */
export interface Io {
  out(text: string): void;
  err(text: string): void;
  /** The text of a file, or of standard input when it is named `-`. @throws Error that says why it can't be read */
  read(file: string): Promise<string>;
  /** The size of the screen; undefined when stdout is no terminal. Asked before each drawing, since windows change. */
  screen(): { columns: number; rows: number } | undefined;
  /** Asks a person, yes or no; undefined when there is none, since standard input is no terminal. */
  confirm(question: string): Promise<boolean | undefined>;
  /** NO_COLOR, TERM, KUBECONFIG, LC_ALL, LC_CTYPE and LANG are read. */
  env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Returns early when the user interrupts. */
  sleep(milliseconds: number): Promise<void>;
  /** Ctrl-C. */
  interrupted: AbortSignal;
  /** A Prometheus server at this address; nothing is sent yet. */
  prometheus(address: string): Promise<Prometheus & { close(): Promise<void> }>;
  /** `timeoutMs`: for one request. Nothing is sent yet. @throws Error that says which file or context is missing */
  connect(options: Overrides & { kubeconfig: string | undefined; timeoutMs: number }): Cluster;
}

export interface Cluster {
  client: Pick<Client, "get" | "list" | "patch" | "create">;
  /** What the API server says of itself. */
  about(): Promise<About>;
  /** The one that was named, else that of the context. */
  namespace: string;
  close(): Promise<void>;
}

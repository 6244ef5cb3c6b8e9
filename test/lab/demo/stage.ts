import { spawn } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";

/** How one image change ended. */
export interface Told {
  phase: string;
  /** Exit code of `kubectl rollout status`. */
  rolloutStatus: number;
}

/** What the demo does on the stage: says, runs commands before the eyes of the reader, and checks what it claims. */
export class Stage {
  #failed = 0;

  title(text: string): void {
    console.log(`\n── ${text} ${"─".repeat(Math.max(0, 90 - text.length))}`);
  }

  say(text: string): void {
    console.log(text);
  }

  /** Runs a command as a reader would type it, and shows it. @throws Error when it fails */
  async run(command: string, args: readonly string[], input?: string): Promise<void> {
    console.log(`$ ${[command, ...args].join(" ")}`);
    const code = await this.#exit(command, args, "inherit", input);
    if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}`);
  }

  /** Shows a command whose exit code is part of the story. */
  async show(command: string, args: readonly string[]): Promise<number> {
    console.log(`$ ${[command, ...args].join(" ")}`);
    return this.#exit(command, args, "inherit");
  }

  exitCode(command: string, args: readonly string[]): Promise<number> {
    return this.#exit(command, args, "ignore");
  }

  async read(command: string, args: readonly string[]): Promise<string> {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
    let text = "";
    child.stdout.on("data", (chunk: Buffer) => {
      text += chunk.toString();
    });
    const code = await new Promise<number>((resolve) => child.once("close", (exit) => resolve(exit ?? 1)));
    if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}`);
    return text.trim();
  }

  /** Asks until there is an answer, for a minute at most. */
  async until<T>(what: string, ask: () => Promise<T | undefined | false>): Promise<T> {
    const end = performance.now() + 60_000;
    for (;;) {
      const answer = await ask().catch(() => undefined);
      if (answer !== undefined && answer !== false) return answer;
      if (performance.now() > end) throw new Error(`waited a minute for ${what}`);
      await delay(200);
    }
  }

  pause(milliseconds: number): Promise<void> {
    return delay(milliseconds);
  }

  check(claim: string, holds: boolean): void {
    console.log(`${holds ? "✔" : "✖"} ${claim}`);
    if (!holds) this.#failed++;
  }

  /** Exit code of the demo. */
  verdict(): number {
    return this.#failed === 0 ? 0 : 1;
  }

  #exit(command: string, args: readonly string[], output: "inherit" | "ignore", input?: string): Promise<number> {
    const child = spawn(command, args, { stdio: [input === undefined ? "ignore" : "pipe", output, output] });
    if (input !== undefined) child.stdin?.end(input);
    return new Promise((resolve) => child.once("close", (code) => resolve(code ?? 1)));
  }
}

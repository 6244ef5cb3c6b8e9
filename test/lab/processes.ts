import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { LabFault } from "./labFault.ts";
import { say } from "./say.ts";
import { until } from "./until.ts";

export interface ProcessRecipe {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Asked again and again until it is true; a process without it counts as ready when it runs. */
  readonly ready?: () => Promise<boolean>;
  /** Starts again when it ends by itself, as a kubelet does with a container: after 1 s, then 2 s, at most 10 s. */
  readonly again?: boolean;
}

interface Running {
  readonly recipe: ProcessRecipe;
  child: ChildProcess;
  /** We ended it, so its end is no news. */
  ending: boolean;
  /** How often it ended by itself. */
  falls: number;
}

const GRACE_MS = 5_000;

/**
 * The processes of one lab. Each writes to `<dir>/<name>.log` and `<dir>/<name>.pid`, has a process group of its own (a
 * Ctrl-C in the terminal is for the command inside, the lab ends after it) and is killed by the kernel when the lab's
 * own process dies, however that happens.
 */
export class Processes {
  readonly #dir: string;
  readonly #running = new Map<string, Running>();
  #stopping = false;

  constructor(dir: string) {
    this.#dir = dir;
  }

  get names(): string[] {
    return [...this.#running.keys()];
  }

  /** The id of a process that runs, nothing for one that ended. */
  pid(name: string): number | undefined {
    const { child } = this.#get(name);
    return hasEnded(child) ? undefined : child.pid;
  }

  /** Every process that runs, name → pid. */
  get pids(): Record<string, number> {
    return Object.fromEntries(this.names.flatMap((name) => [[name, this.pid(name)]]).filter(([, pid]) => pid !== undefined));
  }

  async start(recipe: ProcessRecipe): Promise<void> {
    if (this.#stopping) throw new LabFault("the lab is being stopped");
    const running: Running = { recipe, child: this.#spawn(recipe), ending: false, falls: 0 };
    this.#running.set(recipe.name, running);
    await this.#untilReady(running);
  }

  /** Starts one more process beside another: the same program with another name and another environment on top. */
  async startBeside(name: string, other: Pick<ProcessRecipe, "name" | "ready">, env: NodeJS.ProcessEnv): Promise<void> {
    const { recipe } = this.#get(name);
    await this.start({ ...recipe, ...other, env: { ...recipe.env, ...env } });
  }

  /** Ends a process if it still runs and starts it again as it was; done when it is ready. */
  async restart(name: string): Promise<void> {
    const running = this.#get(name);
    await this.#end(running);
    await this.start(running.recipe);
  }

  /** Sends a signal; for SIGKILL, SIGTERM and SIGINT the answer comes when the process is gone. */
  async kill(name: string, signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const running = this.#get(name);
    if (hasEnded(running.child)) {
      running.ending = true;
      return;
    }
    if (!["SIGKILL", "SIGTERM", "SIGINT"].includes(signal)) {
      running.child.kill(signal);
      return;
    }
    running.ending = true;
    const gone = once(running.child, "exit");
    running.child.kill(signal);
    await gone;
  }

  /** Ends everything at once and without grace: nothing of a lab is worth keeping. */
  async stopAll(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.names.map((name) => this.kill(name)));
  }

  #get(name: string): Running {
    const running = this.#running.get(name);
    if (running === undefined) throw new LabFault(`no process ${name} in this lab; there are: ${this.names.join(", ")}`);
    return running;
  }

  #tail(name: string): string {
    return readFileSync(join(this.#dir, `${name}.log`), "utf8")
      .trim()
      .split("\n")
      .slice(-10)
      .join("\n");
  }

  #spawn({ name, command, args, env }: ProcessRecipe): ChildProcess {
    const log = openSync(join(this.#dir, `${name}.log`), "a");
    const child = spawn("setpriv", ["--pdeathsig", "KILL", command, ...args], {
      stdio: ["ignore", log, log],
      env: env ?? process.env,
      detached: true,
      cwd: this.#dir,
    });
    closeSync(log);
    writeFileSync(join(this.#dir, `${name}.pid`), `${child.pid}\n`);
    child.once("exit", (code, signal) => this.#fell(name, child, signal ?? `code ${code}`));
    return child;
  }

  /** News, unless we ended it ourselves. */
  #fell(name: string, child: ChildProcess, how: string): void {
    const running = this.#running.get(name);
    if (this.#stopping || running === undefined || running.child !== child || running.ending) return;
    const seconds = Math.min(10, 2 ** running.falls++);
    const then = running.recipe.again ? `it starts again in ${seconds} s` : `see ${join(this.#dir, `${name}.log`)}`;
    say(`${name} ended by itself (${how}); ${then}`);
    if (!running.recipe.again) return;
    setTimeout(() => {
      if (!this.#stopping && !running.ending && running.child === child) running.child = this.#spawn(running.recipe);
    }, seconds * 1000).unref();
  }

  async #untilReady({ recipe, child }: Running): Promise<void> {
    await until(`${recipe.name} to be ready`, async () => {
      if (hasEnded(child)) throw new LabFault(`${recipe.name} did not start:\n${this.#tail(recipe.name)}`);
      return (await recipe.ready?.()) ?? true;
    });
  }

  async #end(running: Running): Promise<void> {
    const { name } = running.recipe;
    running.ending = true;
    if (hasEnded(running.child)) return;
    await Promise.race([this.kill(name, "SIGTERM"), delay(GRACE_MS, undefined, { ref: false })]);
    await this.kill(name, "SIGKILL");
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

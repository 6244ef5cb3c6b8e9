import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseAllDocuments, stringify } from "yaml";
import type { Manifest } from "../house/manifests.ts";
import { CHART } from "./byChart.ts";
import { CHECKOUT, helmFolders } from "./labEnvironment.ts";
import { partFile } from "./parts/ensureParts.ts";
import type { Typed } from "./story.ts";

/** helm and kubectl as renderers, without a cluster. Their files lie in a folder of the test's own. */
export class Charts {
  readonly chart = CHART;
  readonly dir: string;
  #files = 0;

  private constructor(dir: string) {
    this.dir = dir;
  }

  static async begin(): Promise<Charts> {
    return new Charts(await mkdtemp(join(tmpdir(), "serin-chart-")));
  }

  end(): Promise<void> {
    return rm(this.dir, { recursive: true, force: true });
  }

  /** A file of values, in helm's YAML: an unquoted yes would be true. */
  async values(values: unknown): Promise<string> {
    this.#files += 1;
    const file = join(this.dir, `${this.#files}.yaml`);
    await writeFile(file, stringify(values, { version: "1.1" }));
    return file;
  }

  /** `helm template` with a file of values, relative to the checkout or absolute. @throws when helm refuses */
  async template(values: string): Promise<Manifest[]> {
    return objectsOf(await this.#ok("helm", ["template", "serin", this.chart, "-f", values]));
  }

  async kustomize(folder: string): Promise<Manifest[]> {
    return objectsOf(await this.#ok("kubectl", ["kustomize", folder]));
  }

  lint(values?: string): Promise<Typed> {
    return this.typed("lint", this.chart, ...(values === undefined ? [] : ["-f", values]));
  }

  /** helm as somebody types it. */
  typed(...args: string[]): Promise<Typed> {
    return this.#run("helm", args);
  }

  async #ok(part: string, args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.#run(part, args);
    if (code !== 0) throw new Error(`${part} ${args.join(" ")}: ${stderr}`);
    return stdout;
  }

  async #run(part: string, args: readonly string[]): Promise<Typed> {
    const command = await partFile(part);
    const env = { ...process.env, ...helmFolders(this.dir) };
    return new Promise((resolve) => {
      execFile(command, args, { cwd: CHECKOUT, env, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : typeof error.code === "number" ? error.code : 1, stdout, stderr });
      });
    });
  }
}

const objectsOf = (text: string): Manifest[] =>
  parseAllDocuments(text)
    .map((document) => document.toJS() as Manifest | null)
    .filter((manifest) => manifest !== null);

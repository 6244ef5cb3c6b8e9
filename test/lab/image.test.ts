import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, readlink, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { appTree } from "../../src/image/appTree.ts";
import { digestOf, layerOf, packedLayer } from "../../src/image/blob.ts";
import { platformImage, writeLayout } from "../../src/image/layout.ts";
import { readParts } from "../../src/image/make.ts";
import { partsFor } from "../../src/image/parts.ts";
import { hasSuite } from "../image/suite.ts";
import { inContainer, type RunnableImage, unpackImage } from "./container.ts";
import { CHECKOUT } from "./labEnvironment.ts";
import { partFile } from "./parts/ensureParts.ts";
import { ARCHITECTURE, imageRuntime } from "./parts/imageRuntime.ts";
import { type Story, steps, successRate, tell } from "./story.ts";

/** Whoever runs labs without being root has no other user to become. */
const canBecomeOthers = /^\s*0\s+0\s+4294967295$/m.test(readFileSync("/proc/self/uid_map", "utf8"));

describe.runIf(canBecomeOthers && hasSuite)("Serin run from its image", () => {
  let scratch: string;
  let image: RunnableImage;
  let story: Story;

  beforeAll(async () => {
    scratch = await mkdtemp(join(process.env["LAB_ROOT"] ?? tmpdir(), "image-"));
    const lower = await readFile(await partFile(imageRuntime.name));
    const { tree } = await appTree(CHECKOUT, partsFor(await readParts(CHECKOUT), ARCHITECTURE));
    const layers = [packedLayer(lower, digestOf(gunzipSync(lower))), await layerOf(tree)];
    await writeLayout(join(scratch, "oci"), [platformImage(ARCHITECTURE, layers, { created: 0 })]);
    image = await unpackImage(join(scratch, "oci"), ARCHITECTURE, join(scratch, "root"));
    story = await tell({ image });
    await story.shop({ replicas: 3 });
    await story.policy({ steps: steps([50, "3s"]), analysis: { metrics: [successRate()] } });
  });
  afterAll(async () => {
    await story?.stop();
    await rm(scratch, { recursive: true, force: true });
  });

  it("holds and promotes an image change, with the rights of its ServiceAccounts", async () => {
    await story.load(50);
    await story.setImage("nginx:1.24.0");
    const plan = await story.ends("nginx:1.24.0");
    const report = await story.stopLoad();
    expect(plan.status?.phase).toBe("Promoted");
    expect(report.failures).toEqual([]);
    expect(plan.status?.metrics?.length).toBeGreaterThan(0);
    expect(await story.image()).toBe("nginx:1.24.0");
  });

  it("is nobody in particular, with no right that a process can have, on a disk that is read-only", async () => {
    const own = Object.entries(story.lab.processes.pids).filter(([name]) => name.startsWith("serin-"));
    expect(own.map(([name]) => name).sort()).toEqual(["serin-certs", "serin-webhook-0", "serin-worker-0", "serin-worker-1"]);
    for (const [name, pid] of own) {
      const status = await readFile(`/proc/${pid}/status`, "utf8");
      expect(status, name).toMatch(/^Uid:\t65532\t65532\t65532\t65532$/m);
      expect(status, name).toMatch(/^Gid:\t65532\t65532\t65532\t65532$/m);
      expect(status, name).toMatch(/^Groups:\t\s*$/m);
      expect(status, name).toMatch(/^CapPrm:\t0+$/m);
      expect(status, name).toMatch(/^NoNewPrivs:\t1$/m);
      expect(await readlink(`/proc/${pid}/root`)).toBe(image.root);
      expect(await readFile(`/proc/${pid}/cmdline`, "utf8")).toMatch(/^\/usr\/bin\/node\0--liftoff-only\0\/serin\/serin\.mjs\0\w+\0$/);
    }
  });

  it("can't write, and finds no shell", async () => {
    const script = `const fs = require("node:fs"), tried = {};
      for (const at of ["/x", "/serin/x", "/tmp/x", "/etc/passwd"]) try { fs.writeFileSync(at, ""); } catch ({ code }) { tried[at] = code; }
      for (const at of ["sh", "bash", "busybox"]) tried[at] = require("node:child_process").spawnSync(at).error?.code;
      console.log(JSON.stringify(tried));`;
    const { command, args, env } = inContainer(
      { ...image, config: { ...image.config, Entrypoint: ["/usr/bin/node"] } },
      { args: ["-e", script], env: {}, account: join(story.lab.dir, "serin-worker") },
    );
    const { stdout } = await promisify(execFile)(command, args, { env });
    expect(JSON.parse(stdout)).toEqual({
      "/x": "EROFS",
      "/serin/x": "EROFS",
      "/tmp/x": "EROFS",
      "/etc/passwd": "EROFS",
      sh: "ENOENT",
      bash: "ENOENT",
      busybox: "ENOENT",
    });
  });

  it("says what it lacks when no program of it is named", async () => {
    const account = join(scratch, "none");
    await mkdir(account);
    const { command, args, env } = inContainer(image, { args: [], env: {}, account });
    await expect(promisify(execFile)(command, args, { env })).rejects.toMatchObject({
      code: 2,
      stderr: "error: no program is named\n  try: one of certificates, webhook, worker as the argument\n",
    });
    expect(await readdir(account)).toEqual([]);
  });
});

import { type ChildProcess, execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bundlePlugin } from "../../src/bundle/plugin.ts";

/** dist/kubectl-serin.mjs: one file, and the second time faster. */
const run = promisify(execFile);
let folder: string;
let file: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "serin-bundle-"));
  file = join(folder, "kubectl-serin.mjs");
  await writeFile(file, (await bundlePlugin()).text);
}, 60_000);
afterAll(() => rm(folder, { recursive: true }));

const serin = (home: string, ...args: string[]) =>
  run(process.execPath, [file, ...args], {
    env: { PATH: process.env["PATH"], HOME: home, XDG_CACHE_HOME: join(home, "cache") },
  });
const kept = (home: string) => readdir(join(home, "cache", "kubectl-serin"));

// Each starts several times, beside whatever else this machine does.
const patience = { timeout: 60_000 };

test("what V8 compiled is kept, for this very bundle and Node, and a broken keep is made anew", patience, async () => {
  const home = await mkdtemp(join(folder, "home-"));
  const first = await serin(home, "version", "--client");
  expect(first).toMatchObject({ stdout: expect.stringMatching(/^client: \d/), stderr: "" });
  const [name = "", ...more] = await kept(home);
  expect([name, more]).toEqual([expect.stringMatching(new RegExp(`^[0-9a-f]{16}-${process.version}-${process.arch}$`)), []]);
  const place = join(home, "cache", "kubectl-serin", name);
  const whole = await readFile(place);
  expect(await serin(home, "version", "--client")).toEqual(first);
  expect(await readFile(place)).toEqual(whole);

  await writeFile(place, "no code");
  expect(await serin(home, "version", "--client")).toEqual(first);
  expect((await readFile(place)).length).toBeGreaterThan(100_000);
  await chmod(place, 0o666);
  const open = await stat(place);
  await serin(home, "version", "--client");
  expect([open.mode & 0o777, (await stat(place)).mode & 0o777]).toEqual([0o666, 0o600]);
  await writeFile(join(home, "cache", "kubectl-serin", "0123456789abcdef-v1-x64"), "of another version");
  await rm(place);
  await serin(home, "version", "--client");
  expect(await kept(home)).toEqual([name]);
});

test(
  "only in a folder of our own: nothing is kept where others may write or a link leads to, and nothing of others is removed",
  patience,
  async () => {
    const home = await mkdtemp(join(folder, "home-"));
    const cache = join(home, "cache", "kubectl-serin");
    await mkdir(cache, { recursive: true });
    await writeFile(join(cache, "notes"), "of the user");
    await chmod(cache, 0o777);
    await serin(home, "version", "--client");
    expect(await kept(home)).toEqual(["notes"]);
    await chmod(cache, 0o700);
    await serin(home, "version", "--client");
    expect(await kept(home)).toEqual([expect.stringMatching(/^[0-9a-f]{16}-v/), "notes"]);

    const elsewhere = join(home, "elsewhere");
    await mkdir(elsewhere);
    await writeFile(join(elsewhere, "0123456789abcdef-v1-x64"), "dear to somebody");
    await rm(cache, { recursive: true });
    await symlink(elsewhere, cache);
    await serin(home, "version", "--client");
    expect(await readdir(elsewhere)).toEqual(["0123456789abcdef-v1-x64"]);
  },
);

test("standard input is read, by what only that needs", patience, async () => {
  const home = await mkdtemp(join(folder, "home-"));
  const linting = serin(home, "lint", "-f", "-");
  linting.child.stdin?.end("apiVersion: v1\nkind: Service\nmetadata: {name: web}\n");
  expect(await linting.catch((error: unknown) => error)).toMatchObject({ stderr: "" });
});

test("a home that can't be written to costs the time alone", patience, async () => {
  const home = join(folder, "readonly");
  await writeFile(home, "");
  await chmod(home, 0o400);
  expect(await serin(home, "version", "--client")).toMatchObject({ stdout: expect.stringMatching(/^client: \d/), stderr: "" });
});

test("whoever reads may go, as head does: no trace of it, and the code that pipes know", patience, async () => {
  const policies = join(folder, "many.yaml");
  const policy = "apiVersion: serin.dev/v1alpha1\nkind: CanaryPolicy\nmetadata: {name: x}\nspec: {steps: [{setWeight: 300}]}\n---\n";
  await writeFile(policies, policy.repeat(2_000));
  const line = `"$0" "$1" lint -f "$2" | head -1; echo "\${PIPESTATUS[0]}"`;
  const { stdout, stderr } = await run("bash", ["-c", line, process.execPath, file, policies]);
  expect({ stdout, stderr }).toEqual({ stdout: expect.stringMatching(/^\S+many\.yaml:4:\d+: error: .*\n141\n$/), stderr: "" });
});

test("Ctrl-C ends what waits for an API server that never answers", patience, async () => {
  const asked = new Promise<Server>((resolve, reject) => {
    const server = createServer(() => resolve(server)).listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      const waiting = serin(folder, "list", "--server", `http://127.0.0.1:${port}`, "--request-timeout", "0", "--kubeconfig", "/nowhere");
      child = waiting.child;
      ended = waiting.catch((error: unknown) => error);
      void ended.then(() => reject(new Error("it has ended by itself")));
    });
  });
  let child: ChildProcess | undefined;
  let ended: Promise<unknown> | undefined;
  const server = await asked;
  child?.kill("SIGINT");
  expect(await ended).toMatchObject({ code: 130, stdout: "", stderr: "" });
  server.closeAllConnections();
  server.close();
});

test("an old Node is told which one is needed", patience, async () => {
  const old = join(folder, "old.mjs");
  await writeFile(old, (await bundlePlugin({ node: ">=99" })).text);
  const refused = await run(process.execPath, [old]).catch((error: { code: number; stderr: string }) => error);
  expect(refused).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^error: kubectl-serin needs Node 99 or newer\n {2}why: .* is Node \d+/),
  });
});

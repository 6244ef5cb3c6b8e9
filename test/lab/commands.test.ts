import { execFile } from "node:child_process";
import { readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { asPerson } from "./asPerson.ts";
import { CHECKOUT } from "./labEnvironment.ts";
import { type Story, type Typed, tell } from "./story.ts";
import { applyAll, house, settleTown, townPolicy } from "./storyTown.ts";
import { until } from "./until.ts";

/** The command line as pipelines and people use it: one bundle, exit codes, rights and published shapes. How long it takes: commandTimes.test.ts. */
let story: Story;
const bundle = join(CHECKOUT, "dist", "kubectl-serin.mjs");
const gated = { steps: [{ setWeight: 30 }, { pause: {} }] };

beforeAll(async () => {
  await promisify(execFile)(process.execPath, [join(CHECKOUT, "src", "bin", "build.ts")]);
  story = await tell();
  await symlink(join(CHECKOUT, "dist", "kubectl_complete-serin"), join(story.lab.env["LAB_DIR"] ?? "", "bin", "kubectl_complete-serin"));
  const policies = [
    townPolicy("plain", { steps: [{ setWeight: 30 }, { pause: { duration: "1s" } }], canary: { progressDeadline: "4s" } }),
    townPolicy("gate", gated),
    townPolicy("slow", { steps: [{ setWeight: 30 }, { pause: { duration: "1h" } }] }),
    townPolicy("late", { ...gated, onFailure: "Hold" }),
  ];
  await story.kubectl("create", "namespace", "other");
  const elsewhere = house("away", { route: false }).map((object) => {
    const { metadata } = object as { metadata: object };
    return { ...(object as object), metadata: { ...metadata, namespace: "other" } };
  });
  await applyAll(story, elsewhere);
  const names = ["good", "bad", "gate", "slow", "full", "late", "quiet"];
  await settleTown(
    story,
    policies,
    names.flatMap((name) => house(name)),
  );
  await story.kubectl("rollout", "status", "deploy/away", "-n", "other", "--timeout=60s");
});
afterAll(() => story?.stop());

const serin = (line: string, ...more: string[]): Promise<Typed> => story.type("node", bundle, ...line.split(" "), ...more);
/** As the issue has it: what the shell says of the exit code. */
const codeOf = async (line: string): Promise<string> => (await story.type("sh", "-c", `kubectl serin ${line} >&2; echo $?`)).stdout.trim();

describe.concurrent("kubectl serin status deploy/x; echo $?", () => {
  test("0: promoted; and undo takes it back", async () => {
    await story.setImage("good:2", "good");
    expect(await codeOf("status deploy/good --timeout 60s")).toBe("0");
    const undone = await serin("undo deploy/good");
    expect(undone).toMatchObject({
      code: 0,
      stderr: "",
      stdout: expect.stringContaining("gets the template of revision 1 again: nginx:1.23.4\n"),
    });
    const waited = await serin("wait deploy/good --timeout 60s");
    expect(waited).toMatchObject({ code: 0, stdout: expect.stringMatching(/^default\/good plan good-\w+ Promoted .*\n$/) });
    expect(await story.image("good")).toBe("nginx:1.23.4");
  });

  test("2: rolled back", async () => {
    await story.setImage("bad:2-crash", "bad");
    expect(await codeOf("status deploy/bad --timeout 90s")).toBe("2");
    expect((await serin("history deploy/bad")).stdout).toMatch(/bad-\w+ +(RolledBack|RollingBack) +bad:2-crash/);
  });

  test("3: the time was over; hold, resume and abort do what they say", async () => {
    await story.setImage("slow/nginx:2", "slow");
    await story.planWhen("slow/nginx:2", "in its pause", ({ status }) => status?.reason === "StepStarted" && status.step?.index === 1);
    expect(await codeOf("status deploy/slow --timeout 2s")).toBe("3");
    expect((await serin("hold deploy/slow")).stdout).toMatch(/^on hold by \S+: plan slow-\w+ stays at weight 30\n/);
    await story.planWhen("slow/nginx:2", "held", ({ status }) => status?.reason === "PausedByUser");
    expect((await serin("resume deploy/slow")).code).toBe(0);
    await story.planWhen("slow/nginx:2", "going on", ({ status }) => status?.reason === "StepStarted");
    expect((await serin("abort deploy/slow")).stdout).toMatch(/^aborted by \S+: plan slow-\w+\n/);
    expect(await codeOf("status deploy/slow --timeout 60s")).toBe("2");
    expect(await story.image("slow")).toBe("nginx:1.23.4");
  });

  test("4: waiting for approval; a viewer may read and not act, a developer may approve in his namespace only", async () => {
    await story.setImage("gate/nginx:2", "gate");
    await story.kubectl("set", "image", "deploy/away", "nginx=gate/away:2", "-n", "other");
    expect(await codeOf("status deploy/gate --timeout 60s")).toBe("4");
    const viewer = await asPerson(story, "vera", "view");
    expect(await serin("status deploy/gate", viewer)).toMatchObject({ code: 4 });
    for (const line of ["approve deploy/gate", "abort deploy/gate", "hold deploy/gate", "promote deploy/gate --full"]) {
      const refused = await serin(line, viewer);
      expect(refused).toMatchObject({ code: 1, stdout: "" });
      expect(refused.stderr).toContain('User "vera" cannot patch resource "canaryplans"');
    }
    const { metadata } = await story.plan("gate/nginx:2");
    const kubectl = (who: string, line: string, ...more: string[]): Promise<Typed> =>
      story.type("kubectl", ...line.split(" "), ...more, who);
    const approval = ["--type=merge", "-p", '{"spec":{"control":{"approve":{"step":1}}}}'];
    expect((await kubectl(viewer, `get plan ${metadata.name}`)).code).toBe(0);
    expect((await kubectl(viewer, `patch plan ${metadata.name}`, ...approval)).stderr).toMatch(
      /^Error from server \(Forbidden\): .*"vera" cannot patch/,
    );
    expect((await kubectl(viewer, "rollout resume deploy/gate")).stderr).toMatch(/"vera" cannot patch resource "deployments"/);
    const developer = await asPerson(story, "dan", "edit", { role: "view", namespace: "other" });
    expect(await codeOf("status deploy/away -n other --timeout 60s")).toBe("4");
    const elsewhere = await serin("approve deploy/away -n other", developer);
    expect(elsewhere).toMatchObject({ code: 1, stdout: "" });
    expect(elsewhere.stderr).toContain('User "dan" cannot patch resource "canaryplans" in API group "serin.dev" in the namespace "other"');
    const away = (await story.kubectl("get", "plan", "-n", "other", "-o", "name")).trim().split("/")[1] ?? "";
    expect((await kubectl(developer, `get plan ${away} -n other`)).code).toBe(0);
    expect((await kubectl(developer, `patch plan ${away} -n other`, ...approval)).stderr).toMatch(
      /"dan" cannot patch resource "canaryplans"/,
    );
    expect((await kubectl(developer, "rollout resume deploy/away -n other")).stderr).toMatch(/"dan" cannot patch resource "deployments"/);
    expect((await kubectl(developer, `patch plan ${metadata.name} --dry-run=server`, ...approval)).code).toBe(0);
    const approved = await serin("approve deploy/gate", developer);
    expect(approved).toMatchObject({
      code: 0,
      stderr: "",
      stdout: expect.stringMatching(/^approved by dan: step 2\/2 of plan gate-\w+\nnext: the promotion/),
    });
    expect(await codeOf("wait deploy/gate --timeout 60s")).toBe("0");
    const plan = await story.plan("gate/nginx:2");
    expect(plan.status?.approvals).toMatchObject([{ step: 1, by: "dan", how: "control.approve" }]);
  });

  test("5: no plan", async () => {
    expect(await codeOf("status deploy/quiet")).toBe("5");
  });

  test("promote --full, and undo of what is held", async () => {
    await story.setImage("slow/full:2", "full");
    await story.planWhen("slow/full:2", "in its pause", ({ status }) => status?.step?.index === 1);
    expect((await serin("promote deploy/full --full")).stdout).toMatch(/^promoted in full by \S+: plan full-\w+\n/);
    expect(await codeOf("status deploy/full --timeout 60s")).toBe("0");

    await story.setImage("late/nginx:2", "late");
    expect(await codeOf("status deploy/late --timeout 60s")).toBe("4");
    await serin("abort deploy/late");
    expect(await codeOf("status deploy/late --timeout 60s")).toBe("2");
    expect((await story.plan("late/nginx:2")).status?.phase).toBe("Held");
    expect(await serin("undo deploy/late")).toMatchObject({ code: 0, stdout: expect.stringContaining("next: it is unheld by itself") });
    // Not by `kubectl rollout status`: it fails while the failure stands, which is until the worker has unheld it.
    const paused = () => story.kubectl("get", "deploy", "late", "-o", "jsonpath={.spec.paused}");
    await until("late is unheld", async () => (await paused()) === "");
    expect(await story.image("late")).toBe("nginx:1.23.4");
  });
});

test("-o json validates against the published schema, and kubectl completes the plugin", async () => {
  const text = await readFile(join(CHECKOUT, "src", "cli", "output", "schema.json"), "utf8");
  const published = z.fromJSONSchema(JSON.parse(text) as Parameters<typeof z.fromJSONSchema>[0]);
  const policy = join(story.lab.env["LAB_DIR"] ?? "", "policy.yaml");
  await writeFile(policy, await story.kubectl("get", "canarypolicy", "plain", "-o", "yaml"));
  const lines = ["get deploy/good", "get quiet", "status deploy/gate", "list -A", "history deploy/good", "events deploy/good"];
  const others = ["explain deploy/quiet", "diff plan", "doctor", "version", "sidecars -A", "audit -A", "audit verify"];
  for (const line of [...lines, ...others, `lint -f ${policy}`, `plan -f ${policy}`]) {
    const named = line === "diff plan" ? `diff plan ${(await story.plan("good:2")).metadata.name}` : line;
    const { stdout } = await serin(`${named} -o json`);
    expect([line, published.safeParse(JSON.parse(stdout)).error?.message]).toEqual([line, undefined]);
  }
  expect((await serin("events deploy/good")).stdout).toMatch(/Normal +Promoted +good-/);
  expect((await serin("list -A -o name")).stdout).toContain("deployment.apps/away\n");
  const report = JSON.parse((await serin("doctor -o json")).stdout) as {
    findings: Array<{ code: string; level: string; finding: string }>;
  };
  console.info(report.findings.map(({ code, level, finding }) => `doctor: ${level} ${code} ${finding}`).join("\n"));
  expect(report.findings).toContainEqual(expect.objectContaining({ code: "Webhook", level: "ok" }));
  expect(report.findings).toContainEqual(expect.objectContaining({ code: "Worker", level: "ok" }));
  const completed = await story.type("kubectl", "__complete", "serin", "st");
  expect(completed.stdout).toContain("status\tFollow the canary");
});

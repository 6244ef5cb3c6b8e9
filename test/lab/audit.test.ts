import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { logLine } from "../../src/api/logLine.ts";
import { annotations } from "../../src/api/names.ts";
import type { CanaryPlan } from "../../src/api/plan.ts";
import type { AuditRow } from "../../src/cli/audit/auditRow.ts";
import { disagreements } from "./auditJoin.ts";
import { acting, as, expected, playAll, settle } from "./auditStory.ts";
import { imageChanges } from "./imageChanges.ts";
import { type Story, type Typed, tell } from "./story.ts";
import { applyAll } from "./storyTown.ts";
import { until } from "./until.ts";

/** After a mixed hour, in a minute: the record says who did what, agrees with kube-apiserver's own log, and shows whoever touches it. */
let story: Story;

beforeAll(async () => {
  // Short-lived keys: the chain goes over several rotations.
  story = await tell({ certTimes: "auditKey=4s", auditBodies: true });
  await settle(story);
});
afterAll(() => story?.stop());

const serin = (line: string, ...more: string[]): Promise<Typed> => acting(story).serin(line, ...more);
const log = (): string => join(story.lab.dir, "audit.log");

async function rows(): Promise<AuditRow[]> {
  const told = await serin(`audit -A -o json --apiserver-log ${log()}`);
  expect(told).toMatchObject({ code: 0, stderr: "" });
  return JSON.parse(told.stdout) as AuditRow[];
}

/** As `audit` tells it against what this test reads in kube-apiserver's log by itself. */
async function agree(): Promise<void> {
  const { changes, refusals } = await imageChanges(story.lab);
  expect(disagreements(await rows(), changes, refusals)).toEqual([]);
}

/** The admin's kubeconfig, as another person: the API server decides what he may. */
async function asPerson(name: string, clusterRole: string, kind = "ClusterRoleBinding"): Promise<string> {
  await applyAll(story, [
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind,
      metadata: { name },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: clusterRole },
      subjects: [{ kind: "User", name, apiGroup: "rbac.authorization.k8s.io" }],
    },
  ]);
  const config = JSON.parse(await readFile(story.lab.env["KUBECONFIG"] ?? "", "utf8"));
  for (const { user } of config.users) user.as = name;
  const file = join(story.lab.dir, `${name}.kubeconfig`);
  await writeFile(file, JSON.stringify(config), { mode: 0o600 });
  return `--kubeconfig=${file}`;
}

test("after promotions, rollbacks, a bypass, refusals, an approval, a hold, aborts and changes of mind: who did what for each", async () => {
  await playAll(story);
  const told = await rows();
  expect(told.map(({ deployment, outcome, user, decisions }) => `${deployment} ${outcome} ${user} ${decisions.join()}`).sort()).toEqual(
    expected,
  );
  expect(told.flatMap(({ seal }) => seal ?? []).sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  const plan = told.find(({ user }) => user === "frank")?.plan;
  const { stdout } = await serin(`audit show ${plan}`);
  expect(stdout).toMatch(/frank \(of system:masters.*with kubectl-set\) asked for it at/);
  expect(stdout).toContain("aborted by grace");
});

test("who made a change that came without a canary is on record itself, and no note of it stays on the Deployment", async () => {
  const [plan] = await story.plansOf("out");
  expect(plan?.status?.request).toMatchObject({ user: "dave", fieldManager: "kubectl-set" });
  expect((await serin(`audit show ${plan?.metadata.name}`)).stdout).toMatch(/dave \(of system:masters.*with kubectl-set\) asked for it at/);
  expect(JSON.parse((await serin("audit --bypassed -o json")).stdout)).toMatchObject([{ deployment: "out", user: "dave" }]);
  const noted = async () => {
    const { items } = JSON.parse(await story.kubectl("get", "deployments,replicasets", "-o", "json")) as {
      items: { metadata: { annotations?: Record<string, string> } }[];
    };
    return items.filter(({ metadata }) => metadata.annotations?.[annotations.passage] !== undefined);
  };
  await until("the note to be gone", async () => (await noted()).length === 0, 20);
});

test("kube-apiserver's own log says the same of every image change and every refusal, and verify finds nothing", async () => {
  await agree();
  const { changes, refusals } = await imageChanges(story.lab);
  expect(new Set(changes.map(({ user }) => user)).size).toBeGreaterThan(10);
  expect(refusals.map(({ user }) => user).sort()).toEqual(["eve", "rita"]);
  await until("a rotation of the key that seals", async () => {
    const { data } = JSON.parse(await story.kubectl("get", "configmap", "serin-audit-keys", "-n", "serin-system", "-o", "json")) as {
      data: object;
    };
    return Object.keys(data).length > 1;
  });
  const verified = await serin(`audit verify --apiserver-log ${log()}`);
  expect(verified, verified.stdout).toMatchObject({ code: 0, stderr: "" });
  expect(verified.stdout).toContain("the record is whole and as it was sealed: 10 plans (10 sealed, 0 live)");
});

test("a refusal is an Event that others find, and in no dry run", async () => {
  const told = async () => (await serin("events deploy/late")).stdout;
  await until("the Event", async () => /Warning +\w+ +late-\w+ +refused to eve: /.test(await told()));
  expect(await story.kubectl("get", "events", "--field-selector", "involvedObject.name=bad")).toContain("refused to rita: ");
  await story.type("kubectl", "rollout", "resume", "deploy/late", "--dry-run=server", ...as("dora"));
  expect(await told()).not.toContain("dora");
});

test("an auditor reads and verifies, and can do nothing else; who sees one namespace can't check the chain", async () => {
  const judge = await asPerson("judge", "serin-auditor");
  await until("the auditor's rights", async () => (await serin("audit -A", judge)).code === 0);
  expect(await serin("audit verify", judge)).toMatchObject({ code: 0 });
  expect((await serin("audit export", judge)).stdout.split("\n").filter((line) => line !== "")).toHaveLength(11);
  const { metadata } = await story.plan("gate/nginx:2");
  for (const line of [`abort plan ${metadata.name}`, "retry deploy/kept", "undo deploy/twice"])
    expect(await serin(line, judge), line).toMatchObject({ code: 1, stdout: "" });
  const patch = ["patch", "plan", metadata.name, "--type=merge", "-p", '{"spec":{"control":{"hold":{}}}}', judge];
  expect((await story.type("kubectl", ...patch)).stderr).toMatch(/"judge" cannot patch resource "canaryplans"/);
  expect((await story.type("kubectl", "get", "canaryplans", "-A", judge)).code).toBe(0);
  const may = async (...what: string[]) => (await story.type("kubectl", "auth", "can-i", ...what, judge)).stdout.trim();
  for (const what of ["list canaryplans -A", "list canarypolicies", "list events -A", "get configmap/serin-audit-heads -n serin-system"])
    expect(await may(...what.split(" ")), what).toBe("yes");
  for (const what of [
    "patch canaryplans",
    "delete canaryplans",
    "update canaryplans --subresource=status",
    "patch canarypolicies",
    "get secrets -n serin-system",
    "list configmaps -n serin-system",
    "update configmap/serin-audit-heads -n serin-system",
    "get deployments",
    "list pods",
  ])
    expect(await may(...what.split(" ")), what).toBe("no");
  const clerk = await asPerson("clerk", "view", "RoleBinding");
  await until("the clerk's rights", async () => (await serin("audit", clerk)).code === 0);
  const part = await serin("audit verify -n default", clerk);
  expect(part).toMatchObject({ code: 2, stdout: expect.stringContaining("not checked: ConfigMap serin-audit-heads") });
  expect(await serin("audit verify", clerk)).toMatchObject({ code: 2, stdout: "" });
});

test("a change while the webhook is down: kube-apiserver's log says who, the record says what, verify says both", async () => {
  await story.lab.processes.kill("serin-webhook-0", "SIGKILL");
  await acting(story).setImage("mallory", "web", "nginx:12");
  await story.ends("nginx:12", 60);
  const found = await serin(`audit verify --apiserver-log ${log()}`);
  expect(found.code).toBe(1);
  expect(found.stdout).toMatch(
    /FailedOpen: \S+ mallory patch deployments default\/web: webhook deployments.serin.dev was not asked; plan default\/web-\w+ records it\n/,
  );
  expect(found.stdout).toContain("1 thing is wrong: 11 plans (11 sealed, 0 live)");
  const bypassed = (await rows()).filter(({ outcome, deployment }) => outcome === "Bypassed" && deployment === "web");
  expect(bypassed).toMatchObject([{ user: "mallory" }]);
  await agree();
  await story.lab.processes.restart("serin-webhook-0");
});

test("history removes finished plans, says so in the signed heads, and an export from before still has them", async () => {
  const exported = join(story.lab.dir, "before-pruning.jsonl");
  await writeFile(exported, (await serin("audit export")).stdout);
  expect(await story.plansOf("twice")).toHaveLength(2);
  await story.kubectl("patch", "canarypolicy", "plain", "--type=merge", "-p", '{"spec":{"history":{"keep":1}}}');
  await until("the older plan is gone", async () => (await story.plansOf("twice")).length === 1);
  const verified = await serin("audit verify");
  expect(verified, verified.stdout).toMatchObject({ code: 0 });
  expect(verified.stdout).toMatch(/• 1 finished plans were removed by their policy's history: seals \d+\n/);
  expect(verified.stdout).toContain("10 plans (10 sealed, 0 live)");
  const saved = await serin(`audit verify -f ${exported}`);
  expect(saved, saved.stdout).toMatchObject({ code: 0, stdout: expect.stringContaining("11 plans (11 sealed, 0 live)") });
  expect(JSON.parse((await serin(`audit -A -f ${exported} --deployment twice -o json`)).stdout)).toHaveLength(2);
});

test("whoever edits a sealed plan, even as an administrator, is found, and an export from before is still whole", async () => {
  const exported = join(story.lab.dir, "export.jsonl");
  await writeFile(exported, (await serin("audit export")).stdout);
  const plan: CanaryPlan = await story.plan("nginx:3-crash");
  const edit = (patch: unknown, type: string) =>
    story.kubectl("patch", "plan", plan.metadata.name, "--subresource=status", `--type=${type}`, "-p", JSON.stringify(patch));
  await edit({ status: { phase: "Promoted" } }, "merge");
  const index = (plan.status?.journal ?? []).findIndex(({ reason }) => reason === "ProgressDeadlineExceeded");
  await edit([{ op: "replace", path: `/status/journal/${index}/message`, value: "all pods got ready" }], "json");
  const found = await serin(`audit verify --apiserver-log ${log()}`);
  expect(found.code).toBe(1);
  expect(found.stdout).toContain(`StatusChanged: status.phase of default/${plan.metadata.name} was changed after it was sealed`);
  expect(found.stdout).toMatch(new RegExp(`EntryChanged: entry ${index + 1} \\(ProgressDeadlineExceeded at .*\\) is not what was sealed`));
  expect(found.stdout).toMatch(/ForeignWrite: .* lab-admin patch canaryplans\/status default\/bad-/);
  expect(await serin(`audit verify -f ${exported}`)).toMatchObject({ code: 0 });

  await story.kubectl("delete", "plan", (await story.plan("gate/nginx:2")).metadata.name);
  expect((await serin("audit verify")).stdout).toMatch(/SealMissing|NewestCut/);
});

test("every line that webhook, worker and certs have written has the published shape", async () => {
  const names = (await readdir(story.lab.dir)).filter((name) => /^serin-.*\.log$/.test(name));
  const components = new Set<string>();
  const decisions = new Set<string>();
  for (const name of names)
    for (const line of (await readFile(join(story.lab.dir, name), "utf8")).split("\n").filter((text) => text !== "")) {
      expect(line, `${name}: what the process itself has not written`).toMatch(/^\{/);
      const parsed = logLine.safeParse(JSON.parse(line));
      expect(parsed.error?.message, `${name}: ${line}`).toBeUndefined();
      components.add(parsed.data?.component ?? "");
      if (parsed.data?.decision) decisions.add(parsed.data.decision);
    }
  expect([...components].sort()).toEqual(["certs", "webhook", "worker"]);
  expect([...decisions]).toEqual(expect.arrayContaining(["Held", "Denied", "Bypassed", "Approved", "Stamped"]));
});

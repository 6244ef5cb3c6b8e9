import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { CanaryPlan } from "../../src/api/plan.ts";
import { type AuditEvent, auditLog } from "./auditLog.ts";
import { type Story, type Typed, tell } from "./story.ts";
import { applyAll, house, settleTown, townPolicy } from "./storyTown.ts";
import { until } from "./until.ts";

/** After a mixed hour, in a minute: the record says who did what, agrees with kube-apiserver's own log, and shows whoever touches it. */
let story: Story;

const quick = { steps: [{ setWeight: 50 }, { pause: {} }], canary: { progressDeadline: "5s" } };
const long = { steps: [{ setWeight: 30 }, { pause: { duration: "1h" } }] };

beforeAll(async () => {
  // Short-lived keys: the chain goes over several rotations.
  story = await tell({ certTimes: "auditKey=4s" });
  const policies = [townPolicy("plain", quick), townPolicy("late", long)];
  await settleTown(
    story,
    policies,
    ["web", "bad", "out", "late"].flatMap((name) => house(name)),
  );
  await story.kubectl("annotate", "deploy/out", "serin.dev/canary=off");
});
afterAll(() => story?.stop());

const as = (user: string): string[] => [`--as=${user}`, "--as-group=system:masters"];
const setImage = (user: string, name: string, image: string): Promise<string> =>
  story.kubectl("set", "image", `deploy/${name}`, `nginx=${image}`, ...as(user));
const serin = (line: string, ...more: string[]): Promise<Typed> => story.type("kubectl", "serin", ...line.split(" "), ...more);
const log = (): string => join(story.lab.dir, "audit.log");

interface Row {
  outcome: string;
  user: string;
  deployment: string;
  decisions: string[];
  reason: string;
  plan?: string;
  request?: string;
  seal?: number;
}

async function rows(): Promise<Row[]> {
  const told = await serin(`audit -A -o json --apiserver-log ${log()}`);
  expect(told).toMatchObject({ code: 0, stderr: "" });
  return JSON.parse(told.stdout) as Row[];
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

test("after a promotion, a rollback, a bypass, a refusal, an approval and an abort: who did what for each", async () => {
  await setImage("alice", "web", "nginx:2");
  await setImage("carol", "bad", "nginx:3-crash");
  await setImage("dave", "out", "nginx:4");
  await setImage("frank", "late", "late/nginx:5");
  await story.planWhen("late/nginx:5", "in its pause", ({ status }) => status?.reason === "StepStarted" && status.step?.index === 1);
  expect((await story.type("kubectl", "rollout", "resume", "deploy/late", ...as("eve"))).code).toBe(1);
  const { metadata } = await story.plan("late/nginx:5");
  await story.kubectl("patch", "plan", metadata.name, "--type=merge", "-p", '{"spec":{"control":{"abort":{}}}}', ...as("grace"));
  await story.planWhen("nginx:2", "at its gate", ({ status }) => status?.reason === "PausedForApproval");
  await story.kubectl("rollout", "resume", "deploy/web", ...as("bob"));
  for (const image of ["nginx:2", "nginx:3-crash", "nginx:4", "late/nginx:5"]) await story.ends(image, 60);

  const told = await rows();
  expect(told.map(({ outcome, user, deployment, decisions }) => [deployment, outcome, user, decisions.join()]).sort()).toEqual([
    ["bad", "RolledBack", "carol", ""],
    ["late", "Denied", "eve", ""],
    ["late", "RolledBack", "frank", "aborted by grace"],
    ["out", "Bypassed", "dave", ""],
    ["web", "Promoted", "alice", "step 2 approved by bob (kubectl rollout resume)"],
  ]);
  expect(told.flatMap(({ seal }) => seal ?? []).sort()).toEqual([1, 2, 3, 4]);
  const story2 = await serin(`audit show ${told.find(({ user }) => user === "frank")?.plan}`);
  expect(story2.stdout).toMatch(/frank \(of system:masters.*with kubectl-set\) asked for it at/);
  expect(story2.stdout).toContain("aborted by grace");
});

test("kube-apiserver's own log says the same of every image change, and verify finds nothing", async () => {
  type Annotated = AuditEvent & { annotations?: Record<string, string>; impersonatedUser?: { username: string } };
  const asked = ((await auditLog(story.lab)) as Annotated[]).flatMap(({ annotations = {}, impersonatedUser, objectRef }) => {
    const said = (key: string) => annotations[`deployments.serin.dev/${key}`];
    if (said("decision") !== "Held") return [];
    return [{ request: said("request"), user: impersonatedUser?.username, deployment: objectRef?.name, plan: said("plan") }];
  });
  const recorded = (await rows()).filter(({ outcome, request }) => request !== undefined && outcome !== "Denied");
  const key = ({ request }: { request?: string | undefined }) => request ?? "";
  expect(
    recorded.map(({ request, user, deployment, plan }) => ({ request, user, deployment, plan })).sort((a, b) => (key(a) < key(b) ? -1 : 1)),
  ).toEqual(asked.sort((a, b) => (key(a) < key(b) ? -1 : 1)));
  expect(asked).toHaveLength(3);
  await until("a rotation of the key that seals", async () => {
    const { data } = JSON.parse(await story.kubectl("get", "configmap", "serin-audit-keys", "-n", "serin-system", "-o", "json")) as {
      data: object;
    };
    return Object.keys(data).length > 1;
  });
  const verified = await serin(`audit verify --apiserver-log ${log()}`);
  expect(verified, verified.stdout).toMatchObject({ code: 0, stderr: "" });
  expect(verified.stdout).toContain("the record is whole and as it was sealed: 4 plans (4 sealed, 0 live)");
});

test("an auditor reads and verifies, and can do nothing else; who sees one namespace can't check the chain", async () => {
  const judge = await asPerson("judge", "serin-auditor");
  await until("the auditor's rights", async () => (await serin("audit -A", judge)).code === 0);
  expect(await serin("audit verify", judge)).toMatchObject({ code: 0 });
  expect((await serin("audit export", judge)).stdout.split("\n").filter((line) => line !== "")).toHaveLength(5);
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
  await setImage("mallory", "web", "nginx:6");
  await story.ends("nginx:6", 60);
  const found = await serin(`audit verify --apiserver-log ${log()}`);
  expect(found.code).toBe(1);
  expect(found.stdout).toMatch(
    /FailedOpen: \S+ mallory patch deployments default\/web: webhook deployments.serin.dev was not asked; plan default\/web-\w+ records it\n/,
  );
  expect(found.stdout).toContain("1 thing is wrong: 5 plans (5 sealed, 0 live)");
  const bypassed = (await rows()).filter(({ outcome, deployment }) => outcome === "Bypassed" && deployment === "web");
  expect(bypassed).toMatchObject([{ user: "mallory" }]);
  await story.lab.processes.restart("serin-webhook-0");
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

  await story.kubectl("delete", "plan", (await story.plan("nginx:2")).metadata.name);
  expect((await serin("audit verify")).stdout).toMatch(/SealMissing|NewestCut/);
});

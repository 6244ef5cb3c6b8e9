import { describe, expect, test } from "vitest";
import type { CanaryPlan } from "../../src/api/plan.ts";
import { ApiError } from "../../src/kube/apiError.ts";
import type { Change } from "../build/change.ts";
import { aDeployment, held } from "../build/deployment.ts";
import { aPlan, asking, because, following, inPhase, type PlanDraft, requestedBy } from "../build/plan.ts";
import { aPolicy, suspended, withSpec } from "../build/policy.ts";
import { at } from "../build/story.ts";
import { merged } from "../fakes/apiClient.ts";
import { serin, type World } from "./terminal.ts";

const heldPlan = (...changes: ReadonlyArray<Change<PlanDraft>>) =>
  aPlan(inPhase("Held"), because("Held", "success-rate 0.5 < 0.95"), ...changes);
const named =
  (name: string, uid = name) =>
  (draft: PlanDraft) =>
    Object.assign(draft.metadata, { name, uid });
const world = (...plans: CanaryPlan[]): World => [aDeployment(held()), aPolicy(), ...plans];

/** The API server with Serin's webhook behind it, which stamps what is new; and what was sent. */
function stamping(plan: CanaryPlan, webhookIsUp = true) {
  const sent: unknown[] = [];
  let stored = structuredClone(plan) as unknown as { spec: { control: { retry?: { by?: string; at?: string } } } };
  const onPatch = (name: string, body: unknown): object => {
    sent.push({ name, body });
    const isNew = stored.spec.control.retry === undefined;
    stored = merged(stored, body) as typeof stored;
    if (webhookIsUp && isNew && stored.spec.control.retry)
      Object.assign(stored.spec.control.retry, { by: "alice", at: at(200), key: "k", mac: "m" });
    return structuredClone(stored);
  };
  return { sent, onPatch };
}
const asks = (retry: object | null) => ({ name: "nginx-x7k2m", body: { spec: { control: { retry } } } });

describe("a template that is held gets another canary", () => {
  test.each(["deploy/nginx", "deploy nginx", "nginx -n shop", "plan nginx-x7k2m", "canaryplan/nginx-x7k2m"])("retry %s", async (words) => {
    const { sent, onPatch } = stamping(heldPlan());
    const { out, err, code } = await serin(`retry ${words}`, [world(heldPlan())], { onPatch });
    expect(out).toBe(
      "asked: nginx:1.24.0, which failed in plan nginx-x7k2m, gets another canary\nfollow it: kubectl serin get deploy/nginx -n shop -w\n",
    );
    expect({ err, code }).toEqual({ err: "", code: 0 });
    expect(sent).toEqual([asks({})]);
  });

  test("an image that would steer the terminal is told without that", async () => {
    const plan = heldPlan(({ spec }) => {
      spec.canary.images = ["nginx:1\u001b[2J\r"];
    });
    const { onPatch } = stamping(plan);
    expect((await serin("retry nginx", [world(plan)], { onPatch })).out).toMatch(/^asked: nginx:1 \[2J , which failed/);
  });

  test("of several plans of the template it is the latest that is asked", async () => {
    const older = heldPlan(named("nginx-older"), requestedBy({ at: at(-100) }));
    const { sent, onPatch } = stamping(heldPlan());
    expect((await serin("retry nginx", [world(heldPlan(), older)], { onPatch })).code).toBe(0);
    expect(sent).toEqual([asks({})]);
    const { err, code } = await serin("retry plan nginx-older", [world(heldPlan(), older)]);
    expect(err).toBe(
      "error: can't retry plan nginx-older\n  why: nginx is held by plan nginx-x7k2m\n  try: kubectl serin retry deploy/nginx -n shop\n",
    );
    expect(code).toBe(1);
  });

  test("asking twice asks once", async () => {
    const asked = heldPlan(asking({ retry: { by: "bob", at: at(190), key: "k", mac: "m" } }));
    const { out, code } = await serin("retry nginx", [world(asked)]);
    expect(out).toMatch(/^nginx-x7k2m was asked for already, by bob at 2026-11-23T10:03:10.000Z: it begins when a worker sees it\n/);
    expect(code).toBe(0);
  });

  test("a wish that nobody stamped is taken back before it is asked for", async () => {
    const bare = heldPlan(asking({ retry: {} }));
    const { sent, onPatch } = stamping(bare);
    expect((await serin("retry nginx", [world(bare)], { onPatch })).code).toBe(0);
    expect(sent).toEqual([asks(null), asks({})]);
  });

  test("without the webhook nothing is left behind, and it is said", async () => {
    const { sent, onPatch } = stamping(heldPlan(), false);
    const { out, err, code } = await serin("retry nginx", [world(heldPlan())], { onPatch });
    expect(sent).toEqual([asks({}), asks(null)]);
    expect(err).toMatchInlineSnapshot(`
      "error: can't retry plan nginx-x7k2m
        why: Serin's webhook, which records who asks, was not asked itself: it is down or not installed
        try: try again when it is back: kubectl get pods -n serin-system
      "
    `);
    expect({ out, code }).toEqual({ out: "", code: 1 });
  });
});

test("a person without the right gets kube's own error, and whom to ask", async () => {
  const message =
    'canaryplans.serin.dev "nginx-x7k2m" is forbidden: User "bob" cannot patch resource "canaryplans" in API group "serin.dev" in the namespace "shop"';
  const onPatch = () => {
    throw new ApiError({ code: 403, reason: "Forbidden", doing: "patch canaryplans.serin.dev shop/nginx-x7k2m", message });
  };
  const { err, code } = await serin("retry nginx", [world(heldPlan())], { onPatch });
  expect(err).toMatchInlineSnapshot(`
    "error: can't patch canaryplans.serin.dev shop/nginx-x7k2m
      why: 403 Forbidden: canaryplans.serin.dev "nginx-x7k2m" is forbidden: User "bob" cannot patch resource "canaryplans" in API group "serin.dev" in the namespace "shop"
      try: ask for the right to patch canaryplans there: the ClusterRole serin-edit has it, and so have edit and admin
    "
  `);
  expect(code).toBe(1);
});

test("who may not read policies may ask all the same", async () => {
  const { onPatch } = stamping(heldPlan());
  const { code } = await serin("retry nginx", [world(heldPlan())], { onPatch, forbidden: { canarypolicies: "anywhere" } });
  expect(code).toBe(0);
});

describe("nothing is asked, exit code 1, and it is said what to type instead", () => {
  const back = (onRepeat: "Hold" | "Deny" | "Retry"): World => {
    const policy = aPolicy(withSpec({ onRepeat }));
    return [aDeployment(), policy, aPlan(inPhase("RolledBack"), following(policy))];
  };
  const failed = "why: plan nginx-x7k2m failed, and the stable template is back in the Deployment\n";
  const again = "kubectl set image deploy/nginx -n shop nginx=nginx:1.24.0";
  const cases: Array<[what: string, given: World, says: string, line?: string]> = [
    [
      "a plan under way",
      world(aPlan()),
      "why: plan nginx-x7k2m is under way (Progressing)\n  try: follow it: kubectl serin get deploy/nginx -n shop -w\n",
    ],
    [
      "rolled back, onRepeat Hold",
      back("Hold"),
      `${failed}  try: ${again}; it is then held on the stable pods, and this command tries it again\n`,
    ],
    ["rolled back, onRepeat Retry", back("Retry"), `${failed}  try: ${again} (policy default: onRepeat: Retry, a canary of its own)\n`],
    [
      "rolled back, onRepeat Deny",
      back("Deny"),
      `${failed}  try: another template: policy default says onRepeat: Deny and refuses this one\n`,
    ],
    ["a rolled back plan by name", back("Hold"), `can't retry plan nginx-x7k2m\n  ${failed}`, "retry plan nginx-x7k2m"],
    [
      "rolled back, of another template than the image",
      [aDeployment(), aPlan(inPhase("RolledBack"), ({ spec }) => void Object.assign(spec.canary, { images: ["nginx:1.23.0"] }))],
      "try: apply its manifest again; it is then held",
    ],
    ["a hold that was ended", [aDeployment(), heldPlan()], failed],
    [
      "a plan that was promoted",
      [aDeployment(), aPlan(inPhase("Promoted"))],
      "why: plan nginx-x7k2m ended Promoted: nothing has failed there\n",
    ],
    ["no plan", [aDeployment()], "why: nginx has had no plan\n"],
    ["no Deployment", [], "why: there is no Deployment nginx in namespace shop\n"],
    ["a plan that isn't there", [], "why: there is no plan nginx-none in namespace shop\n", "retry plan nginx-none"],
    ["a policy that is gone", [aDeployment(held()), heldPlan()], "why: its policy default is gone, so nothing would begin\n"],
    [
      "a policy that is suspended",
      [aDeployment(held()), aPolicy(suspended()), heldPlan()],
      "why: its policy default is suspended, so nothing would begin\n",
    ],
    ["something else than a Deployment", world(), "try: write it like: kubectl serin retry deploy/web\n", "retry svc/nginx"],
  ];
  test.each(cases)("%s", async (_what, given, says, line = "retry deploy/nginx") => {
    const { err, out, code } = await serin(line, [given]);
    expect(err).toContain(says);
    expect({ out, code }).toEqual({ out: "", code: 1 });
  });
});

test("--help says who may", async () => {
  const { out, code } = await serin("retry --help", []);
  expect(out).toMatchInlineSnapshot(`
    "Usage: kubectl serin retry [options] <target...>

    Give a template that failed and is held another canary

    Arguments:
      target                        deploy/NAME, or plan NAME

    Options:
      -n, --namespace <name>        namespace of the Deployment (default: that of
                                    the context)
      --context <name>              context of the kubeconfig
      --kubeconfig <path>           kubeconfig file (default: $KUBECONFIG, then
                                    ~/.kube/config)
      --request-timeout <duration>  how long to wait for one answer of the API
                                    server: 1s, 2m, seconds; 0 is for ever (default:
                                    "5s")
      -h, --help                    display help for command

    Also, as with kubectl: --as, --as-group, --as-uid, --cluster, --user, --server, --token, --certificate-authority,
    --tls-server-name, --insecure-skip-tls-verify.

    A template is held after it failed under onFailure: Hold, and when it is asked for again after it was rolled back (onRepeat: Hold).
    Who may: whoever may patch canaryplans in that namespace. The ClusterRole serin-edit allows it, as a part of edit and admin.
    Serin's webhook records who asked and when, in the plan's spec.control.retry and in the new plan's request. Exit code 0: asked; 1: not.
    "
  `);
  expect(code).toBe(0);
});

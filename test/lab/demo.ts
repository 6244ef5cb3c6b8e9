/** `make demo`: the story of the README on a fresh lab. Run inside it: `npm run --silent lab -- exec -- node test/lab/demo.ts`. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { Stage, type Told } from "./demo/stage.ts";
import { startLoad } from "./load/startLoad.ts";

const here = import.meta.dirname;
const fast = (process.env["FAST"] ?? "") !== "";
const stage = new Stage();
const ended = new Set(["Promoted", "RolledBack", "Held", "Cancelled", "Superseded"]);

const policy = await readFile(join(here, "../../manifests/examples/article.yaml"), "utf8");
stage.say("The team's application: a Deployment, a Service, a Gateway and a VirtualService. Nothing in it knows Serin.");
await stage.run("kubectl", ["apply", "-f", join(here, "demo/app.yaml")]);
await stage.run("kubectl", ["rollout", "status", "deploy/nginx", "--timeout=60s"]);
stage.say(`The administrator's only object: the article's policy${fast ? " (FAST: shorter pauses and intervals)" : ""}.`);
await stage.run("kubectl", ["apply", "-f", "-"], fast ? shortened(policy) : policy);

await stage.until("the gateway answers", async () => (await fetch(`${process.env["LAB_GATEWAY"]}/`)).ok);
const load = await startLoad({ url: process.env["LAB_GATEWAY"] ?? "", path: "/", rate: 50 });
stage.say("50 requests a second go through the Istio gateway from here on.");

const good = await change("nginx:1.24.0", "A good release");
load.mark("good release ended");
const bad = await change("nginx:1.25.0-errors50", "A bad release: it answers half of its requests with 503");
load.mark("bad release ended");
const report = await load.stop();

stage.title("What happened");
for (const [version, { total, byStatus }] of Object.entries(report.byVersion)) {
  const failed = total - (byStatus["200"] ?? 0);
  stage.say(`  ${version.padEnd(26)} served ${String(total).padStart(5)} requests, ${failed} failed`);
}
stage.say(`  kubectl rollout status: exit ${good.rolloutStatus} after the good release, exit ${bad.rolloutStatus} after the bad one`);
const image = await stage.read("kubectl", ["get", "deploy", "nginx", "-o", "jsonpath={.spec.template.spec.containers[0].image}"]);
stage.say(`  the Deployment's image at the end: ${image}`);
await stage.run("kubectl", ["get", "plan"]);

const goodFailures = Object.entries(report.byVersion)
  .filter(([version]) => !version.includes("errors50"))
  .reduce((sum, [, { total, byStatus }]) => sum + total - (byStatus["200"] ?? 0), 0);
stage.check("the good release was promoted", good.phase === "Promoted");
stage.check("kubectl rollout status exited 0 for it", good.rolloutStatus === 0);
stage.check("the bad release was rolled back", bad.phase === "RolledBack");
stage.check("kubectl rollout status exited 1 for it", bad.rolloutStatus === 1);
stage.check("the Deployment shows the good image again", image === "nginx:1.24.0");
stage.check("no request failed but those that the bad version itself answered", goodFailures === 0);
process.exit(stage.verdict());

/** One image change, followed to its end in the live tree, with `kubectl rollout status` beside it. */
async function change(newImage: string, title: string): Promise<Told> {
  stage.title(title);
  await stage.run("kubectl", ["set", "image", "deploy/nginx", `nginx=${newImage}`]);
  const plan = await stage.until("the plan", async () => {
    const found = await stage.read("kubectl", [
      "get",
      "plan",
      "-o",
      `jsonpath={range .items[?(@.spec.canary.images[0]=="${newImage}")]}{.metadata.name}{end}`,
    ]);
    return found === "" ? undefined : found;
  });
  const status = stage.exitCode("kubectl", ["rollout", "status", "deploy/nginx", "--timeout=10m"]);
  await Promise.all([stage.show("kubectl", ["serin", "get", "deploy/nginx", "-w"]), process.stdout.isTTY ? undefined : showTrees(plan)]);
  const rolloutStatus = await status;
  const phase = await stage.until("the end of the plan", async () => {
    const found = await stage.read("kubectl", ["get", "plan", plan, "-o", "jsonpath={.status.phase}"]);
    return ended.has(found) ? found : undefined;
  });
  return { phase, rolloutStatus };
}

/** Without a terminal the live tree is lines of text, so the tree itself is shown once at each weight, when its requests have been counted. */
async function showTrees(plan: string): Promise<void> {
  for (let shown = ""; ; ) {
    const fields = "{.status.weight.desired} {.status.reason} {.status.phase} {.status.weight.observed}";
    const [weight, reason, phase, counted] = (await stage.read("kubectl", ["get", "plan", plan, "-o", `jsonpath=${fields}`])).split(" ");
    if (weight !== shown && ((reason === "StepStarted" && (fast || counted !== "")) || phase === "RollingBack")) {
      shown = weight ?? "";
      await stage.show("kubectl", ["serin", "get", "deploy/nginx"]);
    }
    if (phase !== undefined && ended.has(phase)) return;
    await stage.pause(500);
  }
}

/** The same policy with pauses of 6, 6 and 3 seconds and an interval of 5: for CI. */
function shortened(yaml: string): string {
  const object = parse(yaml) as {
    spec: {
      steps: Array<{ pause?: { duration: string } }>;
      analysis: { metrics: Array<{ interval: string; provider: { prometheus: { query: string } } }> };
      revertAfter?: string;
    };
  };
  const pauses = ["6s", "6s", "3s"];
  for (const step of object.spec.steps) if (step.pause) step.pause.duration = pauses.shift() ?? "3s";
  for (const metric of object.spec.analysis.metrics) {
    metric.interval = "5s";
    metric.provider.prometheus.query = metric.provider.prometheus.query.replaceAll("[1m]", "[10s]");
  }
  object.spec.revertAfter = "5s";
  return stringify(object);
}

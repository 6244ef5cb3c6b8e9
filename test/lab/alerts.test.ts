import { execFile } from "node:child_process";
import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { objectsIn, oneOf } from "../house/manifests.ts";
import { textOf } from "../house/sources.ts";
import { ensureParts, partFile } from "./parts/ensureParts.ts";

const run = promisify(execFile);

interface Rule {
  alert: string;
  annotations: Record<string, string>;
}

/** Prometheus' own tool alone; no lab is started. */
describe("the alerts", () => {
  const groups = oneOf(objectsIn("manifests/monitoring/alerts.yaml"), "PrometheusRule").spec["groups"] as Array<{
    name: string;
    rules: Rule[];
  }>;
  let folder: string;
  let promtool: string;
  beforeAll(async () => {
    await ensureParts();
    promtool = await partFile("promtool");
    folder = await mkdtemp(join(tmpdir(), "serin-alerts-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it("are rules that Prometheus takes", async () => {
    await writeFile(join(folder, "all.yaml"), stringify({ groups }));
    const { stdout } = await run(promtool, ["check", "rules", join(folder, "all.yaml")]);
    expect(stdout).toContain(`SUCCESS: ${groups.flatMap(({ rules }) => rules).length} rules found`);
  });

  it("come when they should and say what is wrong, and don't when they shouldn't", async () => {
    // What is to be done about it is left out: the cases would only repeat it.
    const told = groups.map(({ name, rules }) => ({
      name,
      rules: rules.map((rule) => ({ ...rule, annotations: { summary: rule.annotations["summary"] } })),
    }));
    await writeFile(join(folder, "rules.yaml"), stringify({ groups: told }));
    await copyFile(join(import.meta.dirname, "alerts", "cases.yaml"), join(folder, "cases.yaml"));
    const { stdout } = await run(promtool, ["test", "rules", join(folder, "cases.yaml")]);
    expect(stdout).toContain("SUCCESS");
  });

  it("have a case each for coming and for staying away", () => {
    const { tests } = parse(textOf("test/lab/alerts/cases.yaml")) as {
      tests: Array<{ alert_rule_test: Array<{ alertname: string; exp_alerts?: unknown[] }> }>;
    };
    const cases = tests.flatMap(({ alert_rule_test }) => alert_rule_test);
    const names = (comes: boolean) =>
      [...new Set(cases.filter((one) => (one.exp_alerts !== undefined) === comes).map((one) => one.alertname))].sort();
    const alerts = groups.flatMap(({ rules }) => rules.map(({ alert }) => alert)).sort();
    expect([names(true), names(false)]).toEqual([alerts, alerts]);
  });
});

import { describe, expect, test } from "vitest";
import { aDeployment } from "../build/deployment.ts";
import { aPlan, because } from "../build/plan.ts";
import { midway } from "./midway.ts";
import { serin } from "./terminal.ts";

describe("the look of it", () => {
  test("--ascii has no other characters", async () => {
    const { out } = await serin("get nginx --ascii", [midway]);
    expect(out).toMatchInlineSnapshot(`
      "Name:            nginx
      Namespace:       shop
      Status:          @ Progressing
      Message:         StepStarted: step 2 of 4: pause 30s
      Strategy:        Canary
        Step:          1/4
        SetWeight:     30
        ActualWeight:  29 (of 1000 requests)
      Images:          nginx:1.23.0 (stable)
                       nginx:1.24.0 (canary)
      Replicas:
        Desired:       4
        Current:       6
        Updated:       2
        Ready:         6
        Available:     6

      NAME                               KIND            STATUS         AGE  INFO
      * nginx                            Deployment      @ Progressing  24h  held
      |--# revision:4
      |  \`--% nginx-4n5mxwtkdm           ReplicaSet      + Healthy      41s  canary
      |     |--o nginx-4n5mxwtkdm-b4x2b  Pod             + Running      41s  ready:1/1
      |     \`--o nginx-4n5mxwtkdm-b4x2c  Pod             + Running      41s  ready:1/1
      |--# revision:3
      |  \`--% nginx-9xttgxqnzc           ReplicaSet      + Healthy      24h  stable
      |     |--o nginx-9xttgxqnzc-b4x2b  Pod             + Running      24h  ready:1/1
      |     |--o nginx-9xttgxqnzc-b4x2c  Pod             + Running      24h  ready:1/1
      |     |--o nginx-9xttgxqnzc-b4x2d  Pod             + Running      24h  ready:1/1
      |     \`--o nginx-9xttgxqnzc-b4x2f  Pod             + Running      24h  ready:1/1
      \`--= nginx-x7k2m                   CanaryPlan      @ Progressing  42s  policy:default by:alice
         |--> 1 setWeight 30             Step            + Done
         |--> 2 pause 30s                Step            - Waiting      12s
         |--> 3 setWeight 60             Step            . Pending
         |--> 4 pause 30s                Step            . Pending
         |--a success-rate               Metric          @ Running      42s  + 3,x 1 last:[0.99] result[0] >= 0.95
         \`--~ nginx                      VirtualService  + Split        24h  ###....... 30% canary

      next: 60% in 18s, if success-rate passes
      "
    `);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the point of the test
    expect(out).toMatch(/^[\x00-\x7f]*$/);
  });

  test("a narrow window cuts lines with …, names first", async () => {
    const { out } = await serin("get nginx", [midway], { screen: { columns: 72, rows: 50 }, env: { NO_COLOR: "1" } });
    expect(out).toMatchInlineSnapshot(`
      "Name:            nginx
      Namespace:       shop
      Status:          ◌ Progressing
      Message:         StepStarted: step 2 of 4: pause 30s
      Strategy:        Canary
        Step:          1/4
        SetWeight:     30
        ActualWeight:  29 (of 1000 requests)
      Images:          nginx:1.23.0 (stable)
                       nginx:1.24.0 (canary)
      Replicas:
        Desired:       4
        Current:       6
        Updated:       2
        Ready:         6
        Available:     6

      NAME              KIND            STATUS         AGE  INFO
      ⟳ nginx           Deployment      ◌ Progressing  24h  held
      ├──# revision:4
      │  └──⧉ nginx-4…  ReplicaSet      ✔ Healthy      41s  canary
      │     ├──□ ngin…  Pod             ✔ Running      41s  ready:1/1
      │     └──□ ngin…  Pod             ✔ Running      41s  ready:1/1
      ├──# revision:3
      │  └──⧉ nginx-9…  ReplicaSet      ✔ Healthy      24h  stable
      │     ├──□ ngin…  Pod             ✔ Running      24h  ready:1/1
      │     ├──□ ngin…  Pod             ✔ Running      24h  ready:1/1
      │     ├──□ ngin…  Pod             ✔ Running      24h  ready:1/1
      │     └──□ ngin…  Pod             ✔ Running      24h  ready:1/1
      └──Σ nginx-x7k2m  CanaryPlan      ◌ Progressing  42s  policy:default by…
         ├──› 1 setWe…  Step            ✔ Done
         ├──› 2 pause…  Step            ◷ Waiting      12s
         ├──› 3 setWe…  Step            • Pending
         ├──› 4 pause…  Step            • Pending
         ├──α success…  Metric          ◌ Running      42s  ✔ 3,✖ 1 last:[0.9…
         └──⇄ nginx     VirtualService  ✔ Split        24h  ███░░░░░░░ 30% ca…

      next: 60% in 18s, if success-rate passes
      "
    `);
    for (const line of out.split("\n")) expect([...line].length).toBeLessThanOrEqual(72);
  });

  const csi = "\u001b[";
  test.each([
    ["a terminal has colours", "get nginx", {}, true],
    ["NO_COLOR takes them away", "get nginx", { NO_COLOR: "1" }, false],
    ["an empty NO_COLOR doesn't", "get nginx", { NO_COLOR: "" }, true],
    ["so does a dumb terminal", "get nginx", { TERM: "dumb" }, false],
    ["so does --no-color", "get nginx --no-color", {}, false],
  ])("%s", async (_, line, env, colored) => {
    const { out } = await serin(line, [midway], { screen: { columns: 120, rows: 50 }, env });
    expect(out.includes(csi)).toBe(colored);
  });

  test("a message can't steer the terminal", async () => {
    const plan = aPlan(because("Aborted", `gone${csi}2J\u202e by alice\nName: other`));
    const { out } = await serin("get nginx", [[aDeployment(), plan]]);
    expect(out).toContain("Message:         Aborted: gone [2J  by alice Name: other");
  });
});

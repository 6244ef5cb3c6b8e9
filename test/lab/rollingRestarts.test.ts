import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Lab, startLab } from "./lab.ts";
import { type ReviewLoad, startReviewLoad } from "./reviewLoad.ts";
import { until } from "./until.ts";

/** A replica takes some 8 s to leave, 5 of them lingering, and to come back. */
const restarts = process.env["SOAK"] ? 50 : 4;
const rate = 110;
/** A machine that tests other things as well may be slower; what is shown by the long version is not. */
const leastRate = process.env["SOAK"] ? 100 : 50;

/** failurePolicy Fail: a review that nobody answers is a change that fails. */
describe(`webhook replicas restart one after the other, under ${rate} reviews a second that must not fail`, () => {
  let lab: Lab;
  let load: ReviewLoad;
  beforeAll(async () => {
    lab = await startLab({ without: ["istio", "prometheus"], webhooks: 2, workers: 1 });
    await lab.kubectl("create", "deployment", "reviewed", "--image=reviewed:1", "--replicas=0");
    const policies = [0, 1, 2].map((i) => ({ op: "replace", path: `/webhooks/${i}/failurePolicy`, value: "Fail" }));
    await lab.kubectl("patch", "mutatingwebhookconfiguration", "canary-serin", "--type=json", "-p", JSON.stringify(policies));
    load = startReviewLoad(lab.env["KUBECONFIG"] ?? "", "reviewed", rate);
    await until("reviews to be answered", async () => load.answered() > 100);
  });
  afterAll(async () => {
    await load?.stop();
    await lab?.stop();
  });

  it(`${restarts} times SIGTERM: not one review fails`, { timeout: restarts * 20_000 + 60_000 }, async () => {
    const from = Date.now();
    const before = load.answered();
    for (let i = 0; i < restarts; i++) {
      const name = `serin-webhook-${i % 2}`;
      await lab.processes.kill(name, "SIGTERM");
      await lab.processes.restart(name);
    }
    const seconds = (Date.now() - from) / 1_000;
    const answered = load.answered() - before;
    process.stdout.write(`${restarts} restarts in ${seconds.toFixed(0)} s: ${answered} reviews, ${load.failures().length} failed\n`);
    expect(load.failures()).toEqual([]);
    expect(answered / seconds).toBeGreaterThanOrEqual(leastRate);
  });
});

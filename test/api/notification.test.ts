import { expect, test } from "vitest";
import { apiVersion } from "../../src/api/names.ts";
import { parsePolicy } from "../../src/api/parse.ts";
import { badNotifications } from "./badNotifications.ts";

const read = (item: Record<string, unknown>) =>
  parsePolicy({
    apiVersion,
    kind: "CanaryPolicy",
    metadata: { name: "web" },
    spec: { steps: [{ setWeight: 30 }], notifications: [{ name: "releases", ...item }] },
  });

test.each(badNotifications)("is refused: %s", (_, item, { both, ours }) => {
  expect(read(item).error).toContain(ours ?? both);
});

test("what is not written is the default: gates, what turns back, how it ends, and what went past", () => {
  const { policy } = read({ alertmanager: { secretRef: { name: "serin-alertmanager" } } });
  expect(policy?.spec.notifications).toEqual([
    {
      name: "releases",
      triggers: ["Paused", "RollingBack", "RolledBack", "Held", "Promoted", "Bypassed"],
      alertmanager: { secretRef: { name: "serin-alertmanager" }, resolveAfter: "1h" },
    },
  ]);
});

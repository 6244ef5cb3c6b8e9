import { describe, expect, it } from "vitest";
import { annotations } from "../../src/api/names.ts";
import { aPolicy, withSpec } from "../build/policy.ts";
import { serin, type World } from "./terminal.ts";

const policy = () =>
  aPolicy(
    withSpec({
      notifications: [
        { name: "people", slack: { secretRef: { name: "serin-slack" } } },
        { name: "on-call", alertmanager: { address: "http://a:9093" } },
      ],
    }),
  );

/** Runs it at a cluster whose worker answers, or doesn't. */
async function test(answer: (at: string) => object | undefined, seconds = 30) {
  const patches: unknown[] = [];
  let world: World = [policy()];
  const worlds = Array.from({ length: seconds }, () => [] as object[]);
  const show = () => {
    for (const each of worlds) each.splice(0, each.length, ...world);
  };
  show();
  const printed = await serin("notify test default", worlds, {
    onPatch: (_name, body) => {
      patches.push(body);
      const at = (body as { metadata: { annotations: Record<string, string | null> } }).metadata.annotations[annotations.notifyTest];
      const status = at ? answer(at) : undefined;
      if (status) world = [{ ...policy(), status }];
      show();
      return {};
    },
  });
  return { ...printed, patches };
}
const result = (at: string, ...results: object[]) => ({ notifyTest: { at, results } });

describe("kubectl serin notify test", () => {
  it("says who took it and who did not, by the worker's word, and leaves nothing on the policy", async () => {
    const { out, code, patches } = await test((at) =>
      result(at, { receiver: "people", delivered: true }, { receiver: "on-call", delivered: false, message: "a:9093 answered HTTP 503" }),
    );
    expect(out).toBe("✔ people (slack): took the test\n✖ on-call (alertmanager): a:9093 answered HTTP 503\n");
    expect(code).toBe(1);
    const asked = (at: unknown) => ({ metadata: { annotations: { "serin.dev/notify-test": at } } });
    expect(patches).toEqual([asked(expect.stringMatching(/^2026-.*Z$/)), asked(null)]);
  });

  it("ends with 0 when all took it", async () => {
    const all = (at: string) => result(at, { receiver: "people", delivered: true }, { receiver: "on-call", delivered: true });
    expect((await test(all)).code).toBe(0);
  });

  it("is not deceived by the result of an earlier test, and says where to look when nobody answers", async () => {
    const { err, code, patches } = await test(() => result("2026-01-01T00:00:00.000Z", { receiver: "people", delivered: true }));
    expect(err).toContain("why: no worker has answered within 20s\n  try: is it up, and of this release? kubectl get pods -n serin-system");
    expect(code).toBe(1);
    expect(patches).toHaveLength(2);
  });

  it("that was interrupted blames no worker, and leaves nothing on the policy", async () => {
    const { out, err, code, patches } = await test(() => undefined, 3);
    expect({ out, err, code }).toEqual({ out: "", err: "", code: 130 });
    expect(patches).toHaveLength(2);
  });

  it("says what is wrong with the question", async () => {
    expect((await serin("notify test web", [[policy()]])).err).toContain("why: there is none of this name");
    expect((await serin("notify test default", [[aPolicy()]])).err).toContain("why: it names nobody to be told");
  });
});

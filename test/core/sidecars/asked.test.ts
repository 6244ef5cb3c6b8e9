import fc from "fast-check";
import jsonpatch from "jsonpatch";
import { describe, expect, it, test } from "vitest";
import { injectPolicyMarks } from "../../../src/api/names.ts";
import type { SidecarPolicy } from "../../../src/api/sidecarPolicy.ts";
import type { Admission } from "../../../src/core/admission/admission.ts";
import { admitPod } from "../../../src/core/sidecars/admitPod.ts";
import { asWritten } from "../../../src/core/sidecars/asked.ts";
import type { PodLike } from "../../../src/core/sidecars/pod.ts";
import { aSidecarPolicy, asking } from "../../build/sidecarPolicy.ts";
import { world } from "../admission/build.ts";
import { anyNamespace, anyPod, anyPolicies } from "./arbitrary.ts";
import { annotation, label, type PodChange, pod } from "./cases.ts";

/* What inject.serin.dev wrote before the webhook is asked. The real one is asked in test/lab/injectPolicy.test.ts. */

const inject = "sidecar.istio.io/inject";
const level = "sidecar.istio.io/logLevel";
const asked = (key: string, text: string) => annotation(`asked.serin.dev/${key.replace("/", "_")}`, text);
const was = (key: string, text: string) => annotation(`was.serin.dev/${key.replace("/", "_")}`, text);

const withoutAnnotations: PodChange = ({ metadata }) => void Object.assign(metadata, { annotations: {} });

const mesh = aSidecarPolicy(asking({ istio: { inject: "Enabled" } }));
const asking1 = "20000000 tracing 1 Allow true";

const review = { requestUid: "r", user: "ben", groups: [], operation: "CREATE", dryRun: false, namespace: "shop", name: "" };
const ask = (object: PodLike, policies: SidecarPolicy[], labels: Record<string, string> = {}): Admission =>
  admitPod({ asking: review, object }, world({ policies: [], sidecarPolicies: policies, namespaceLabels: () => labels }));

describe("a pod that comes with a record", () => {
  test("is as it was written, where the policies are known", () => {
    const made = pod(label(inject, "true"), asked(inject, asking1), annotation(level, "debug"), asked(level, asking1), was(level, "info"));
    expect(asWritten(made, [mesh])).toEqual(pod(annotation(level, "info")));
  });

  test("keeps what a policy asked for that is newer than what we know, without the record", () => {
    const made = pod(label(inject, "true"), asked(inject, "20000000 tracing 2 Allow true"), asked(level, "20000000 other 1 Allow debug"));
    expect(asWritten(made, [mesh])).toEqual(pod(label(inject, "true"), withoutAnnotations));
  });

  test("with keys that no policy can ask for loses nothing but the record", () => {
    const made = pod(annotation("serin.dev/canary", "off"), asked("serin.dev/canary", asking1), asked("no-slash", asking1));
    expect(asWritten(made, [mesh])).toEqual(pod(annotation("serin.dev/canary", "off")));
  });

  test("and without one it is itself", () => {
    const made = pod(label(inject, "true"));
    expect(asWritten(made, [mesh])).toBe(made);
  });

  test("gets the answer that it would get without, and only the record goes", () => {
    const answer = ask(pod(label(inject, "true"), asked(inject, asking1)), [mesh]);
    expect(answer).toMatchObject({ decision: "Equipped", reason: "SidecarsAdded", findings: ["Added"] });
    expect(answer.operations).toEqual([{ op: "remove", path: "/metadata/annotations/asked.serin.dev~1sidecar.istio.io_inject" }]);
  });

  test("that no policy asks anything of loses it", () => {
    const canary = aSidecarPolicy(asking({ istio: { inject: "Enabled" }, match: { track: "Canary" } }));
    const answer = ask(pod(label(inject, "true"), asked(inject, asking1)), [canary]);
    expect(answer).toMatchObject({ decision: "Stripped", reason: "LeftoverRemoved" });
    expect(answer.operations.map(({ op, path }) => [op, path])).toEqual([
      ["remove", "/metadata/labels/sidecar.istio.io~1inject"],
      ["remove", "/metadata/annotations/asked.serin.dev~1sidecar.istio.io_inject"],
    ]);
  });
});

/** Whatever order kube-apiserver evaluates policies in: any value of any mark that a policy could set, with a true record. */
const written = fc.array(
  fc.record({
    key: fc.constantFrom(inject, "istio.io/rev", level, "proxy.istio.io/config"),
    value: fc.constantFrom("true", "false", "1-26", "debug", "tracing: {sampling: 1}"),
    policy: fc.nat({ max: 2 }),
  }),
  { minLength: 1, maxLength: 3 },
);

const withRecords = (made: PodLike, marks: Array<{ key: string; value: string; policy: string }>): PodLike => {
  const { labels = {}, annotations = {} } = made.metadata;
  const after = { labels: { ...labels }, annotations: { ...annotations } };
  for (const { key, value, policy } of marks) {
    const field = key === inject || key === "istio.io/rev" ? "labels" : "annotations";
    const name = key.replace("/", "_");
    const present = made.metadata[field]?.[key];
    after[field][key] = value;
    after.annotations[`${injectPolicyMarks.asked}${name}`] = `20000000 ${policy} 1 Allow ${value}`;
    if (present !== undefined) after.annotations[`${injectPolicyMarks.was}${name}`] = present;
  }
  return { ...made, metadata: { ...made.metadata, ...after } };
};

it("whatever was written before, the pod becomes what it would become without", () => {
  fc.assert(
    fc.property(anyPod, anyPolicies, anyNamespace, written, (made, policies, labels, all) => {
      fc.pre(policies.length > 0 && !Object.hasOwn(made.metadata.labels ?? {}, "__proto__"));
      const marks = all.map((mark) => ({ ...mark, policy: policies[mark.policy % policies.length]?.metadata.name ?? "" }));
      const marked = withRecords(made, marks);
      const patched = (object: PodLike) =>
        jsonpatch.apply_patch(JSON.parse(JSON.stringify(object)), ask(object, policies, labels).operations) as PodLike;
      const [before, after] = [patched(made), patched(marked)];
      expect({ labels: {}, annotations: {}, ...after.metadata }).toEqual({ labels: {}, annotations: {}, ...before.metadata });
      expect(after.spec).toEqual(before.spec);
      expect(ask(after, policies, labels).operations).toEqual([]);
    }),
    { numRuns: process.env["SOAK"] === undefined ? 500 : 20_000, seed: 5 },
  );
});

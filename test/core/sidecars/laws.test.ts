import fc from "fast-check";
import jsonpatch from "jsonpatch";
import { describe, expect, it } from "vitest";
import type { SidecarPolicy } from "../../../src/api/sidecarPolicy.ts";
import type { Admission } from "../../../src/core/admission/admission.ts";
import { admitPod } from "../../../src/core/sidecars/admitPod.ts";
import { applied } from "../../../src/core/sidecars/applied.ts";
import { addedNames, demandsOn, equipment } from "../../../src/core/sidecars/demandsOn.ts";
import { containersOf, type PodLike, podCase } from "../../../src/core/sidecars/pod.ts";
import { world } from "../admission/build.ts";
import { anyNamespace, anyPod, anyPolicies } from "./arbitrary.ts";
import { injected } from "./injector.ts";
import { violations } from "./podSecurity.ts";

/* What holds for every pod and all policies. */

const soak = process.env["SOAK"] !== undefined;
const numRuns = soak ? 20_000 : 250;
const way = soak ? {} : { seed: 5 };

const copy = <T>(object: T): T => JSON.parse(JSON.stringify(object)) as T;
const askedFor = { requestUid: "r", user: "ben", groups: [], operation: "CREATE", dryRun: false, namespace: "shop", name: "" };

const ask = (pod: PodLike, policies: SidecarPolicy[], labels: Record<string, string>): Admission =>
  admitPod({ asking: askedFor, object: copy(pod) }, world({ sidecarPolicies: policies, namespaceLabels: () => labels }));

/** By an engine that is not ours. It loses members named `__proto__` when it copies, so it gets to see them under another name. */
const patched = (pod: PodLike, { operations }: Admission): PodLike =>
  restored(jsonpatch.apply_patch(renamed(pod), copy(operations) as Admission["operations"]));
const renamed = <T>(object: T): T => JSON.parse(JSON.stringify(object).replaceAll('"__proto__":', '"proto":')) as T;
const restored = <T>(object: T): T => JSON.parse(JSON.stringify(object).replaceAll('"proto":', '"__proto__":')) as T;

const everything = fc.tuple(anyPod, anyPolicies, anyNamespace);
const holds = (law: (pod: PodLike, policies: SidecarPolicy[], labels: Record<string, string>) => void) =>
  fc.assert(
    fc.property(everything, ([pod, policies, labels]) => law(pod, policies, labels)),
    { numRuns, ...way },
  );

describe("for every pod and all policies", { timeout: soak ? 900_000 : 60_000 }, () => {
  it("the pod is let through", () => {
    const seen = { changed: 0, lacking: 0, native: 0, plain: 0, marked: 0 };
    holds((pod, policies, labels) => {
      const { allowed, operations, decision } = ask(pod, policies, labels);
      expect(allowed).toBe(true);
      if (operations.length > 0) seen.changed += 1;
      if (decision === "Lacking") seen.lacking += 1;
      for (const { path } of operations) {
        if (path.startsWith("/spec/initContainers")) seen.native += 1;
        else if (path.startsWith("/spec/containers/") && !path.includes("env")) seen.plain += 1;
        else if (path.startsWith("/metadata")) seen.marked += 1;
      }
    });
    // Laws about pods to which nothing happens would say nothing.
    for (const [what, count] of Object.entries(seen)) expect(count, what).toBeGreaterThan(numRuns / 40);
  });

  it("asking again changes nothing", () => {
    holds((pod, policies, labels) => {
      const once = patched(pod, ask(pod, policies, labels));
      expect(ask(once, policies, labels).operations).toEqual([]);
    });
  });

  it("asking again after Istio's injector changes nothing either", () => {
    holds((pod, policies, labels) => {
      for (const isNative of [true, false])
        for (const namespaceInjects of [true, false]) {
          const both = injected(patched(pod, ask(pod, policies, labels)), { isNative, namespaceInjects });
          expect(ask(both, policies, labels).operations).toEqual([]);
          expect(injected(both, { isNative, namespaceInjects })).toEqual(both);
        }
    });
  });

  it("nothing that one policy added counts as somebody else's after Istio's injector", () => {
    holds((pod, policies, labels) => {
      const alone = policies.slice(0, 1);
      const first = ask(pod, alone, labels);
      const both = injected(patched(pod, first), { isNative: true, namespaceInjects: true });
      expect(ask(both, alone, labels).findings ?? []).toEqual((first.findings ?? []).filter((finding) => finding !== "Added"));
    });
  });

  it("where the namespace injects anyway, it doesn't matter who comes first", () => {
    holds((pod, policies, labels) => {
      // Its own proxy is what Istio's template is merged with; that is Istio's business.
      fc.pre(!containersOf(pod).some(({ name }) => name === "istio-proxy"));
      // A refusal that Istio hears too late, and its label for the revision, which it writes before ours could be there.
      const forced = withLabel(withLabel(pod, "sidecar.istio.io/inject", "true"), "service.istio.io/canonical-revision", "v1");
      const istios = policies.filter(({ spec }) => spec.istio?.inject !== "Disabled");
      for (const isNative of [true, false]) {
        const options = { isNative, namespaceInjects: true };
        const usFirst = injected(patched(forced, ask(forced, istios, labels)), options);
        const afterIstio = injected(forced, options);
        const istioFirst = patched(afterIstio, ask(afterIstio, istios, labels));
        expect(names(istioFirst)).toEqual(names(usFirst));
        expect(sorted(injected(istioFirst, options))).toEqual(sorted(usFirst));
      }
    });
  });

  it("the operations do what the decision says, and nothing is taken away", () => {
    holds((pod, policies, labels) => {
      const c = podCase(pod, { namespace: "shop", known: labels, role: "Stable", stage: "Admission" });
      const { demands, fixes } = equipment(c, policies, "serin-system");
      const wanted = applied(pod, fixes, addedNames(demands));
      const found = admitPod(
        { asking: askedFor, object: copy(pod) },
        world({ policies: [], sidecarPolicies: policies, namespaceLabels: () => labels }),
      );
      const result = patched(pod, found);
      expect(result).toEqual(copy(wanted));
      expect(names(pod).filter((name) => !names(result).includes(name))).toEqual([]);
      expect(new Set(names(result)).size).toBe(names(result).length);
      for (const operation of found.operations) expect(operation.op).toBe("add");
    });
  });

  it("what PodSecurity restricted admits, it goes on admitting", () => {
    let admitted = 0;
    holds((pod, policies, labels) => {
      if (violations(pod).length > 0) return;
      admitted += 1;
      expect(violations(patched(pod, ask(pod, policies, labels)))).toEqual([]);
    });
    expect(admitted).toBeGreaterThan(numRuns / 4);
  });

  it("a pod that is to end by itself gets nothing that keeps it alive", () => {
    holds((pod, policies, labels) => {
      if (pod.spec.restartPolicy === "Always") return;
      const result = patched(pod, ask(pod, policies, labels));
      expect(result.spec.containers.map(({ name }) => name)).toEqual(pod.spec.containers.map(({ name }) => name));
    });
  });

  it("each thing that was enforced and could be added is carried afterwards", () => {
    holds((pod, policies, labels) => {
      const answer = ask(pod, policies, labels);
      const c = podCase(patched(pod, answer), { namespace: "shop", known: labels, role: "Stable", stage: "Admission" });
      const left = demandsOn(c, policies, "serin-system").flatMap(({ lacks }) => lacks);
      expect(left.filter(({ reason }) => reason === "NotAdded")).toEqual([]);
    });
  });
});

const withLabel = (pod: PodLike, key: string, value: string): PodLike => ({
  ...pod,
  metadata: { ...pod.metadata, labels: { ...pod.metadata.labels, [key]: value } },
});
const names = (pod: PodLike): string[] => containersOf(pod).map(({ name }) => name);
/** Volumes in any order: Istio puts its own first or last. */
const sorted = ({ metadata, spec }: PodLike) => ({
  metadata,
  spec: { ...spec, volumes: [...(spec.volumes ?? [])].sort((a, b) => (a.name < b.name ? -1 : 1)) },
});

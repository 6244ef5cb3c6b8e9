/** The laws of splitting and of the way back, over generated VirtualServices (design I1, I8, I11). */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { collapseVirtualService } from "../../../src/core/traffic/collapse.ts";
import { isOurs, type Ours } from "../../../src/core/traffic/hosts.ts";
import { keepSplit } from "../../../src/core/traffic/reapply.ts";
import { allRoutes, shareOf } from "../../../src/core/traffic/routes.ts";
import { sameJson } from "../../../src/core/traffic/sameJson.ts";
import { splitVirtualService } from "../../../src/core/traffic/split.ts";
import { hasSplit, restoreVirtualService } from "../../../src/core/traffic/unsplit.ts";
import { weightsOf } from "../../../src/core/traffic/weights.ts";
import type { Route, RouteDestination, VirtualServiceSpec } from "../../../src/core/traffic/wire.ts";
import { at, canary, frozen, ours, teamSpec, weight } from "./virtualServices.ts";

const split = (spec: VirtualServiceSpec, percent: number, original?: VirtualServiceSpec) =>
  frozen(splitVirtualService(spec, original === undefined ? at(percent) : { ...at(percent), original }).spec);

const lists = (spec: VirtualServiceSpec) => allRoutes(spec).map(({ route }) => route.route ?? []);
const sum = (list: readonly RouteDestination[], of: (entry: RouteDestination) => boolean = () => true) =>
  list.filter(of).reduce((total, entry) => total + shareOf(list, entry), 0);
const third = (entry: RouteDestination) => !isOurs(entry.destination, ours);
const toCanary = (entry: RouteDestination) => !third(entry) && (entry.destination.subset ?? "").includes(canary);

/** One change by the team that leaves the destinations alone, made to any spec with these routes. */
const edit = fc.oneof(
  fc.constant((spec: VirtualServiceSpec): VirtualServiceSpec => ({ ...spec, gateways: ["public"] })),
  fc.constant(
    (spec: VirtualServiceSpec): VirtualServiceSpec => ({
      ...spec,
      http: [{ match: [{ port: 9 }], route: [{ destination: { host: "new" } }] }, ...(spec.http ?? [])],
    }),
  ),
  fc.constant((spec: VirtualServiceSpec): VirtualServiceSpec => ({ ...spec, http: (spec.http ?? []).slice(1) })),
  fc.constant((spec: VirtualServiceSpec): VirtualServiceSpec => ({ ...spec, http: [...(spec.http ?? [])].reverse() })),
  fc.nat(3).map((index) => (spec: VirtualServiceSpec): VirtualServiceSpec => {
    const change = (route: Route, i: number): Route => (i === index ? { ...route, retries: { attempts: 2 } } : route);
    return { ...spec, http: (spec.http ?? []).map(change) };
  }),
);

// Enough to find what a thousand find (tried), and quick on two busy cores.
fc.configureGlobal({ numRuns: 50 });

describe("a split", () => {
  it("keeps third parties' shares exactly, whole numbers, and gives the canary exactly its percentage", () => {
    fc.assert(
      fc.property(teamSpec, weight, (spec, percent) => {
        const after = lists(split(spec, percent));
        lists(spec).forEach((before, i) => {
          const now = after[i] ?? [];
          expect(now.every((entry) => entry.weight === undefined || Number.isInteger(entry.weight))).toBe(true);
          expect(sum(now, third) * sum(before)).toBe(sum(before, third) * sum(now));
          expect(sum(now, toCanary) * 100).toBe(sum(now, (entry) => !third(entry)) * percent);
          for (const entry of now.filter((one) => percent > 0 && toCanary(one))) expect(entry.weight).toBeGreaterThan(0);
        });
      }),
    );
  });

  it("of a split spec is the split of the original, so any number of weights leave nothing behind", () => {
    fc.assert(
      fc.property(teamSpec, fc.array(weight, { minLength: 1, maxLength: 5 }), (spec, percents) => {
        let current = spec;
        for (const percent of percents) {
          current = split(current, percent, spec);
          expect(sameJson(current, split(spec, percent))).toBe(true);
          expect(split(current, percent, spec) === current).toBe(true);
        }
        const back = restoreVirtualService(current, spec, ours);
        expect(JSON.stringify(back)).toBe(JSON.stringify(spec));
      }),
    );
  });

  it("is read back as the weight that was set", () => {
    fc.assert(
      fc.property(teamSpec, weight, (spec, percent) => {
        const weights = weightsOf(split(spec, percent), ours);
        if (weights !== undefined) expect([weights.canary, weights.least, weights.unsplit]).toEqual([percent, percent, []]);
      }),
    );
  });
});

describe("the way back", () => {
  it("gives the original also when the weights in between were set without knowing it", () => {
    fc.assert(
      fc.property(teamSpec, fc.array(weight, { minLength: 1, maxLength: 4 }), (spec, percents) => {
        const current = percents.reduce((now, percent) => split(now, percent), spec);
        expect(JSON.stringify(restoreVirtualService(current, spec, ours))).toBe(JSON.stringify(spec));
      }),
    );
  });

  it("keeps what the team changed in between, and nothing else is different", () => {
    fc.assert(
      fc.property(teamSpec, weight, weight, edit, (spec, first, second, change) => {
        const edited = frozen(change(split(spec, first)));
        const current = split(edited, second, spec);
        for (const now of [edited, current]) expect(restoreVirtualService(now, spec, ours)).toEqual(change(spec));
      }),
    );
  });

  it("without the original keeps every share and every subset of the team's", () => {
    fc.assert(
      fc.property(teamSpec, weight, (spec, percent) => {
        const back = collapseVirtualService(split(spec, percent), ours);
        expect(hasSplit(back, ours)).toBe(false);
        const after = lists(back);
        lists(spec).forEach((before, i) => {
          const now = after[i] ?? [];
          expect(now.map((entry) => entry.destination)).toEqual(before.map((entry) => entry.destination));
          for (const [j, entry] of before.entries())
            expect(shareOf(now, now[j] ?? entry) * sum(before)).toBe(shareOf(before, entry) * sum(now));
        });
        expect(split(back, percent)).toEqual(split(spec, percent));
      }),
    );
  });

  it("takes out one plan's split and leaves another's in the same VirtualService", () => {
    const theirs: Ours = { namespace: "shop", hosts: [{ name: "other", namespace: "shop" }], teamSubsets: ours.teamSubsets ?? [] };
    const splitTheirs = (spec: VirtualServiceSpec, percent: number, original: VirtualServiceSpec) =>
      frozen(splitVirtualService(spec, { ...theirs, stable: "bbbb", canary: "cccc", weight: percent, original }).spec);
    fc.assert(
      fc.property(teamSpec, weight, weight, (spec, mine, their) => {
        const both = splitTheirs(split(spec, mine), their, spec);
        const minusMine = frozen(restoreVirtualService(both, spec, ours));
        expect(hasSplit(minusMine, ours)).toBe(false);
        expect(hasSplit(minusMine, theirs)).toBe(hasSplit(both, theirs));
        expect(weightsOf(minusMine, theirs)?.canary).toBe(weightsOf(both, theirs)?.canary);
        expect(restoreVirtualService(minusMine, spec, theirs)).toEqual(spec);
      }),
    );
  });
});

describe("a re-apply during a plan", () => {
  it("of the plain manifest is stored with the very split that stood before", () => {
    fc.assert(
      fc.property(teamSpec, weight, (spec, percent) => {
        const old = split(spec, percent);
        expect(keepSplit(old, old, ours)).toBe(old);
        if (weightsOf(old, ours) === undefined) return;
        expect(keepSplit(spec, old, ours)).toEqual(old);
      }),
    );
  });

  it("with a change keeps change and weight, and keeping twice is keeping once", () => {
    fc.assert(
      fc.property(teamSpec, weight, edit, fc.boolean(), (spec, percent, change, live) => {
        const old = split(spec, percent);
        if (weightsOf(old, ours) === undefined) return;
        const stored = frozen(keepSplit(frozen(change(live ? old : spec)), old, ours));
        expect(stored).toEqual(split(change(spec), percent));
        expect(keepSplit(stored, old, ours)).toEqual(stored);
      }),
    );
  });
});

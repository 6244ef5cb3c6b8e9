import type { Phase } from "../../src/api/plan.ts";

/*
 * The table of design §5 from kubectl's side: what each tool's write does to a Deployment in each state, and what the user is told. Only the cells
 * that differ are written down; `tools` says what is typed, `table` what comes of it.
 */

/** Where the Deployment's plan stands when the user types. */
export const states = ["idle", "progressing", "gate", "promoting", "rollingBack", "held"] as const;
export type State = (typeof states)[number];

/** What the manifests and commands of a cell are made from. */
export interface Cell {
  /** The Deployment. */
  name: string;
  /** A file with the team's manifest: another image, or as said. */
  file(change: ManifestChange): Promise<string>;
  /** `<state>/nginx:<version>`. */
  image(version: number): string;
}

export interface ManifestChange {
  version: number;
  replicas?: number;
  paused?: boolean;
  env?: string;
  sidecar?: number;
  init?: number;
}

type Line = readonly string[];

/** 1 is what served first; 2 is what a live plan is about; 3 is new. */
export const tools: Record<string, (cell: Cell) => Line | Promise<Line>> = {
  "set image": ({ name, image }) => ["kubectl", "set", "image", `deploy/${name}`, `nginx=${image(3)}`],
  "set image, back": ({ name, image }) => ["kubectl", "set", "image", `deploy/${name}`, `nginx=${image(1)}`],
  edit: ({ name, image }) => ["env", `KUBE_EDITOR=sed -i "s#image: .*nginx:.*#image: ${image(3)}#"`, "kubectl", "edit", "deploy", name],
  "patch (strategic)": ({ name, image }) =>
    patch(name, "strategic", { spec: { template: { spec: { containers: [{ name: "nginx", image: image(3) }] } } } }),
  "patch (merge)": ({ name, image }) =>
    patch(name, "merge", { spec: { template: { spec: { containers: [{ name: "nginx", image: image(3) }] } } } }),
  "patch (json)": ({ name, image }) =>
    patch(name, "json", [{ op: "replace", path: "/spec/template/spec/containers/0/image", value: image(3) }]),
  apply: async ({ file }) => ["kubectl", "apply", "-f", await file({ version: 3 })],
  "apply --server-side": async ({ file }) => ["kubectl", "apply", "--server-side", "--force-conflicts", "-f", await file({ version: 3 })],
  replace: async ({ file }) => ["kubectl", "replace", "-f", await file({ version: 3 })],
  "apply, back": async ({ file }) => ["kubectl", "apply", "-f", await file({ version: 1 })],
  "apply again": async ({ file }) => ["kubectl", "apply", "-f", await file({ version: 2 })],
  "replace again": async ({ file }) => ["kubectl", "replace", "-f", await file({ version: 2 })],
  "apply, paused: false": async ({ file }) => [
    "kubectl",
    "apply",
    "--server-side",
    "--force-conflicts",
    "-f",
    await file({ version: 2, paused: false }),
  ],
  "image and replicas": async ({ file }) => ["kubectl", "apply", "-f", await file({ version: 3, replicas: 3 })],
  "second container": async ({ file }) => ["kubectl", "apply", "-f", await file({ version: 1, sidecar: 2 })],
  "init container": async ({ file }) => ["kubectl", "apply", "-f", await file({ version: 1, init: 2 })],
  "env only": ({ name }) => ["kubectl", "set", "env", `deploy/${name}`, "FLAG=on"],
  scale: ({ name }) => ["kubectl", "scale", "deploy", name, "--replicas=3"],
  label: ({ name }) => ["kubectl", "label", "deploy", name, "team=a"],
  annotate: ({ name }) => ["kubectl", "annotate", "deploy", name, "team=a"],
  "rollout restart": ({ name }) => ["kubectl", "rollout", "restart", `deploy/${name}`],
  "rollout undo": ({ name }) => ["kubectl", "rollout", "undo", `deploy/${name}`],
  "rollout pause": ({ name }) => ["kubectl", "rollout", "pause", `deploy/${name}`],
  "rollout resume": ({ name }) => ["kubectl", "rollout", "resume", `deploy/${name}`],
  "set image --dry-run=server": ({ name, image }) => [
    "kubectl",
    "set",
    "image",
    `deploy/${name}`,
    `nginx=${image(3)}`,
    "--dry-run=server",
    "-o",
    "yaml",
  ],
  diff: async ({ file }) => ["kubectl", "diff", "-f", await file({ version: 3 })],
};

export type Tool = keyof typeof tools;

function patch(name: string, type: string, body: unknown): Line {
  return ["kubectl", "patch", "deploy", name, `--type=${type}`, "-p", JSON.stringify(body)];
}

/** What must be seen after the command. */
export interface Seen {
  /** Exit code; 0 when absent. */
  code?: number;
  /** In kubectl's messages. */
  says?: RegExp;
  /** Nothing of ours in kubectl's messages. */
  silent?: true;
  /** spec.paused right after; absent where the worker may have let it go already. */
  paused?: boolean;
  /** The image's version in the template right after. */
  version?: number;
  replicas?: number;
  /** How the plan that was there ends, or where it stays, once everything has come to rest. */
  plan?: Phase;
  /** In the end nobody holds it. */
  free?: true;
  /** Where the plan for what was asked now gets to; absent: there is none. */
  next?: Phase;
  /** What is seen instead when the write is not refused: whether it is depends on how far the Deployment controller has come. */
  unrefused?: Seen;
}

const canary =
  /Warning: serin: canary plan \S+: 50%; the stable pods go on serving\nWarning: serin: follow it: kubectl get canaryplan \S+ -n default -w/;
const superseded = /Warning: serin: another template: the canary under way ends, then plan \S+/;
const cancelled = /Warning: serin: cancelled: traffic goes back to stable, then \S+ is unheld by itself; nothing more to do/;
const afterPromotion = /Warning: serin: plan \S+ finishes its promotion, then canary plan \S+/;
const stays = /Warning: serin: \S+ stays held by its canary plan: this write cleared spec.paused/;
const denied = /serin: \S+ in default is held by plan \S+ \(.*`kubectl rollout resume` approves a gate, and it stands at none\./;

/** On a Deployment without an earlier revision kubectl does not get as far as the pause. */
const noUndo = /cannot rollback a paused deployment|no rollout history found/;

const held = { paused: true, version: 3, says: canary, next: "Progressing" } as const;
const thirdTemplate = { paused: true, version: 3, says: superseded, plan: "Superseded" } as const;
const third = { ...thirdTemplate, next: "Progressing" } as const;
const back = { version: 1, says: cancelled, plan: "Cancelled", free: true } as const;
const untouched = { paused: false, version: 1, silent: true } as const;
/** kubectl itself refuses these on a paused Deployment (design §3 fact 6). */
const refusedByKubectl = { code: 1, paused: true, version: 2 } as const;

/** A plan lives and the Deployment is paused: the same whether it waits for time or for a person. */
const underWay = (stands: Phase): Partial<Record<Tool, Seen>> => {
  const third = { ...thirdTemplate, next: stands };
  return {
    "set image": third,
    "set image, back": back,
    edit: third,
    "patch (strategic)": third,
    "patch (merge)": third,
    "patch (json)": third,
    apply: third,
    "apply --server-side": third,
    replace: third,
    "apply, back": back,
    "apply again": { paused: true, version: 2, silent: true, plan: stands },
    "replace again": { paused: true, version: 2, says: stays, plan: stands },
    "apply, paused: false": { paused: true, version: 2, says: stays, plan: stands },
    "image and replicas": { ...third, replicas: 3 },
    "env only": { ...third, version: 2 },
    scale: { paused: true, version: 2, replicas: 3, silent: true, plan: stands },
    label: { paused: true, version: 2, silent: true, plan: stands },
    annotate: { paused: true, version: 2, silent: true, plan: stands },
    "rollout restart": { ...refusedByKubectl, says: /can't restart paused deployment/, plan: stands },
    "rollout undo": { ...refusedByKubectl, says: noUndo, plan: stands },
    "rollout pause": { ...refusedByKubectl, says: /already paused/, plan: stands },
    "set image --dry-run=server": { paused: true, version: 2, says: superseded, plan: stands },
    diff: { code: 1, paused: true, version: 2, plan: stands },
  };
};

export const table: Record<State, Partial<Record<Tool, Seen>>> = {
  idle: {
    "set image": held,
    edit: held,
    "patch (strategic)": held,
    "patch (merge)": held,
    "patch (json)": held,
    apply: held,
    "apply --server-side": held,
    replace: held,
    "image and replicas": { ...held, replicas: 3 },
    "second container": { ...held, version: 1 },
    "init container": { ...held, version: 1 },
    "env only": untouched,
    scale: { ...untouched, replicas: 3 },
    label: untouched,
    annotate: untouched,
    "rollout restart": untouched,
    "rollout pause": { ...untouched, paused: true },
    "set image --dry-run=server": { paused: false, version: 1, says: canary },
    diff: { code: 1, paused: false, version: 1 },
  },
  progressing: { ...underWay("Progressing"), "rollout resume": { code: 1, paused: true, version: 2, says: denied, plan: "Progressing" } },
  gate: {
    ...underWay("Paused"),
    "rollout resume": {
      paused: true,
      version: 2,
      says: /Warning: serin: approved: plan \S+ goes on from step 2\/4; the Deployment stays held/,
      plan: "Progressing",
    },
  },
  promoting: {
    "set image": { paused: true, version: 3, says: afterPromotion, plan: "Promoted", next: "Progressing" },
    "set image, back": { paused: true, version: 1, says: afterPromotion, plan: "Promoted", next: "Promoting" },
    apply: { paused: true, version: 3, says: afterPromotion, plan: "Promoted", next: "Progressing" },
    replace: { paused: true, version: 3, says: afterPromotion, plan: "Promoted", next: "Progressing" },
    "apply again": { paused: false, version: 2, silent: true, plan: "Promoted" },
    "env only": { paused: true, version: 2, says: afterPromotion, plan: "Promoted", next: "Progressing" },
    "rollout restart": { paused: true, version: 2, says: afterPromotion, plan: "Promoted", next: "Progressing" },
    "rollout undo": {
      ...{ code: 1, paused: false, version: 2, says: noUndo, plan: "Promoted" },
      unrefused: { paused: true, version: 1, says: afterPromotion, plan: "Promoted", next: "Promoting" },
    },
    "rollout pause": { paused: true, version: 2, silent: true, plan: "Promoted" },
    scale: { paused: false, version: 2, replicas: 3, silent: true, plan: "Promoted" },
    "set image --dry-run=server": { paused: false, version: 2, says: afterPromotion, plan: "Promoted" },
  },
  rollingBack: {
    "set image": { ...third, plan: "RolledBack" },
    "set image, back": { ...back, plan: "RolledBack" },
    apply: { ...third, plan: "RolledBack" },
    "apply again": { paused: true, version: 2, silent: true, plan: "RollingBack" },
    "replace again": { paused: true, version: 2, says: stays, plan: "RollingBack" },
    "apply, paused: false": { paused: true, version: 2, says: stays, plan: "RollingBack" },
    "rollout restart": { ...refusedByKubectl, says: /can't restart paused deployment/, plan: "RollingBack" },
    "rollout undo": { ...refusedByKubectl, says: noUndo, plan: "RollingBack" },
    "rollout resume": { code: 1, paused: true, version: 2, says: /It ends by itself; there is nothing to approve/, plan: "RollingBack" },
    scale: { paused: true, version: 2, replicas: 3, silent: true, plan: "RollingBack" },
    "set image --dry-run=server": { paused: true, version: 2, says: superseded, plan: "RollingBack" },
  },
  held: {
    "set image": {
      paused: true,
      version: 3,
      says: /Warning: serin: another template: canary plan \S+ begins against the s/,
      plan: "Held",
      next: "Progressing",
    },
    "set image, back": { ...back, plan: "Held" },
    apply: {
      paused: true,
      version: 3,
      says: /Warning: serin: another template: canary plan \S+ begins against the s/,
      plan: "Held",
      next: "Progressing",
    },
    "apply again": { paused: true, version: 2, silent: true, plan: "Held" },
    "replace again": { paused: true, version: 2, says: stays, plan: "Held" },
    "rollout resume": { code: 1, paused: true, version: 2, says: /to try again: kubectl/, plan: "Held" },
    scale: { paused: true, version: 2, replicas: 3, silent: true, plan: "Held" },
  },
};

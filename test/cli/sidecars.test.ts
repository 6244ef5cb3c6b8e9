import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { annotations } from "../../src/api/names.ts";
import { annotated, inNamespace, labelled, named } from "../build/change.ts";
import { aSidecarPolicy, asking, withFields } from "../build/sidecarPolicy.ts";
import { lonePod, madeAt, nginxPods, space, traced, tracing } from "./carriers.ts";
import { serin, type World } from "./terminal.ts";

const old = nginxPods(2, madeAt("08:00"));
const [, , carrying] = nginxPods(3, madeAt("09:30"), traced());
const [, , , past] = nginxPods(4, madeAt("09:30"));
const optedOut = lonePod("batch-x", { kind: "Job", name: "batch" }, madeAt("09:30"), annotated({ [annotations.sidecars]: "off" }));
const shop = [space, tracing, ...old, carrying, past, optedOut] as World;

describe("kubectl serin sidecars", () => {
  test("one line for each pod and policy, the pods of one owner together, then what to do", async () => {
    const { out, err, code } = await serin("sidecars", [shop]);
    expect(out).toMatchInlineSnapshot(`
      "OWNER          POD                      POLICY    STANDING   REASON          LACKS
      deploy/nginx   nginx-9xttgxqnzc-b4x2b   tracing   Missing    CreatedBefore   volume traces, container tracer
      deploy/nginx   nginx-9xttgxqnzc-b4x2c   tracing   Missing    CreatedBefore   volume traces, container tracer
      deploy/nginx   nginx-9xttgxqnzc-b4x2d   tracing   Carrying
      deploy/nginx   nginx-9xttgxqnzc-b4x2f   tracing   Missing    NotAdded        volume traces, container tracer
      job/batch      batch-x                  tracing   Missing    OptedOut        volume traces, container tracer

      4 of 5 demands are not met
      CreatedBefore (2 pods): The pod was made before the policy said what it says now.
        try: kubectl serin sidecars repair deploy/nginx -n shop
      NotAdded (1 pod): The pod was made while Serin's webhook was down or past it, or before labels made the policy be for it.
        try: kubectl serin sidecars repair deploy/nginx -n shop; is the webhook up? kubectl get pods -n serin-system
      OptedOut (1 pod): The pod opts out by annotation, and the policy allows it.
        try: take the annotation serin.dev/sidecars out of the pod template, or set optOut: Forbid in the policy
      "
    `);
    expect({ err, code }).toEqual({ err: "", code: 0 });
  });

  test("-A names the namespace, wide the age and whole sentences, --missing leaves out what is well, exit code 2", async () => {
    const elsewhere = lonePod("agent-1", { kind: "DaemonSet", name: "agent" }, madeAt("08:30"), inNamespace("tools"));
    const system = lonePod("dns", { kind: "DaemonSet", name: "dns" }, inNamespace("kube-system"));
    const { out, err, code } = await serin("sidecars -A --missing -o wide", [[...shop, elsewhere, system]]);
    expect(out).toMatchInlineSnapshot(`
      "NAMESPACE   OWNER          POD                      POLICY    STANDING   REASON          AGE    LACKS
      shop        deploy/nginx   nginx-9xttgxqnzc-b4x2b   tracing   Missing    CreatedBefore   120m   volume traces, container tracer: the pod was made before the policy said so
      shop        deploy/nginx   nginx-9xttgxqnzc-b4x2c   tracing   Missing    CreatedBefore   120m   volume traces, container tracer: the pod was made before the policy said so
      shop        deploy/nginx   nginx-9xttgxqnzc-b4x2f   tracing   Missing    NotAdded        30m    volume traces, container tracer: the pod was made past Serin's webhook
      shop        job/batch      batch-x                  tracing   Missing    OptedOut        30m    volume traces, container tracer: the pod has the annotation serin.dev/sidecars: "off"
      tools       ds/agent       agent-1                  tracing   Missing    CreatedBefore   90m    volume traces, container tracer: the pod was made before the policy said so

      5 of 6 demands are not met
      CreatedBefore (3 pods): The pod was made before the policy said what it says now.
        try: kubectl serin sidecars repair deploy/nginx -n shop (and 1 more)
      NotAdded (1 pod): The pod was made while Serin's webhook was down or past it, or before labels made the policy be for it.
        try: kubectl serin sidecars repair deploy/nginx -n shop; is the webhook up? kubectl get pods -n serin-system
      OptedOut (1 pod): The pod opts out by annotation, and the policy allows it.
        try: take the annotation serin.dev/sidecars out of the pod template, or set optOut: Forbid in the policy
      "
    `);
    expect({ err, code }).toEqual({ err: "", code: 2 });
  });

  test("-o json is for programs: counts by policy, and each pod with what it lacks and whether a restart would bring it", async () => {
    const { out, code } = await serin("sidecars --missing -o json", [[space, tracing, optedOut, carrying, ...old.slice(1)] as World]);
    expect(JSON.parse(out)).toMatchInlineSnapshot(`
      {
        "apiVersion": "serin.dev/v1alpha1",
        "kind": "SidecarReport",
        "pods": [
          {
            "createdAt": "2026-11-23T08:00:00Z",
            "lacks": [
              {
                "message": "volume traces: the pod was made before the policy said so",
                "reason": "CreatedBefore",
                "repairable": true,
                "what": "volume traces",
              },
              {
                "message": "container tracer: the pod was made before the policy said so",
                "reason": "CreatedBefore",
                "repairable": true,
                "what": "container tracer",
              },
            ],
            "name": "nginx-9xttgxqnzc-b4x2c",
            "namespace": "shop",
            "owner": {
              "kind": "Deployment",
              "name": "nginx",
            },
            "policy": "tracing",
            "standing": "Missing",
          },
          {
            "createdAt": "2026-11-23T09:30:00Z",
            "lacks": [
              {
                "message": "volume traces: the pod has the annotation serin.dev/sidecars: "off"",
                "reason": "OptedOut",
                "repairable": false,
                "what": "volume traces",
              },
              {
                "message": "container tracer: the pod has the annotation serin.dev/sidecars: "off"",
                "reason": "OptedOut",
                "repairable": false,
                "what": "container tracer",
              },
            ],
            "name": "batch-x",
            "namespace": "shop",
            "owner": {
              "kind": "Job",
              "name": "batch",
            },
            "policy": "tracing",
            "standing": "Missing",
          },
        ],
        "policies": [
          {
            "carrying": 1,
            "enforcement": "Enforce",
            "matched": 3,
            "missing": 2,
            "name": "tracing",
            "suspended": false,
            "track": "Any",
          },
        ],
        "unusable": [],
      }
    `);
    expect(code).toBe(2);
    const yaml = await serin("sidecars --missing -o yaml", [[space, tracing, optedOut, carrying, ...old.slice(1)] as World]);
    expect(parse(yaml.out)).toEqual(JSON.parse(out));
  });

  test("-o name gives pods to kubectl, each once", async () => {
    const env = aSidecarPolicy(named("env"), asking({ env: [{ name: "TRACE", value: "on" }] }));
    const { out } = await serin("sidecars --missing -o name", [[...shop, env]]);
    expect(out.split("\n").sort()).toEqual(
      ["", "pod/batch-x", ...[...old, carrying, past].map((pod) => `pod/${pod?.metadata.name}`)].sort(),
    );
  });

  test("-l goes to the API server, --policy leaves out the others", async () => {
    const env = aSidecarPolicy(named("env"), asking({ env: [{ name: "TRACE", value: "on" }] }));
    const front = lonePod("front", undefined, labelled({ tier: "front" }), madeAt("09:30"));
    const world = [...shop, env, front];
    expect((await serin("sidecars -l tier=front -o name", [world])).out).toBe("pod/front\n");
    const { out } = await serin("sidecars --policy env -l tier=front", [world]);
    expect(out).toMatchInlineSnapshot(`
      "OWNER   POD     POLICY   STANDING   REASON     LACKS
      -       front   env      Missing    NotAdded   variables of container nginx (TRACE)

      1 of 1 demand is not met
      NotAdded (1 pod): The pod was made while Serin's webhook was down or past it, or before labels made the policy be for it.
        try: delete the pod and have it made again: nobody restarts it at a pace of its own; is the webhook up? kubectl get pods -n serin-system
      "
    `);
  });

  test("track: Canary is for the pods of a ReplicaSet that a plan owns", async () => {
    const policy = aSidecarPolicy(withFields({ match: { track: "Canary" } }));
    const set = {
      kind: "ReplicaSet",
      metadata: {
        name: "canary",
        namespace: "shop",
        uid: "ReplicaSet-canary",
        ownerReferences: [{ kind: "CanaryPlan", controller: true }],
      },
    };
    const pods = [
      lonePod("of-canary", { kind: "ReplicaSet", name: "canary" }),
      lonePod("of-stable", { kind: "ReplicaSet", name: "stable" }),
    ];
    expect((await serin("sidecars -o name", [[space, policy, set, ...pods]])).out).toBe("pod/of-canary\n");
  });

  test("who may not read the namespace still gets an answer", async () => {
    const { out, code } = await serin("sidecars -o name", [shop], { forbidden: { namespaces: "anywhere" } });
    expect(out.split("\n")).toHaveLength(6);
    const named = aSidecarPolicy(withFields({ match: { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "shop" } } } }));
    expect((await serin("sidecars -o name", [[named, ...old]], { forbidden: { namespaces: "anywhere" } })).out.split("\n")).toHaveLength(3);
    expect(code).toBe(0);
  });
});

describe("nothing to list is said on standard error, exit code 0", () => {
  test.each([
    ["no policy", "sidecars", [space, ...old], "There is no SidecarPolicy: nothing is asked of any pod."],
    ["no pods", "sidecars -l a=b", [space, tracing, ...old], "No SidecarPolicy asks anything of a pod in namespace shop with labels a=b."],
    ["nothing missing", "sidecars --missing", [space, tracing, carrying], "Nothing is missing in namespace shop."],
    ["a system namespace", "sidecars -n kube-system", [tracing], "kube-system is a system namespace, which Serin never touches."],
  ])("%s", async (_, line, world, says) => {
    const { out, err, code } = await serin(line, [world as World]);
    expect({ out, err, code }).toEqual({ out: "", err: `${says}\n`, code: 0 });
  });

  test("for programs it is a report without pods", async () => {
    const { out, err } = await serin("sidecars -A -o json", [[space]]);
    expect(JSON.parse(out)).toEqual({ apiVersion: "serin.dev/v1alpha1", kind: "SidecarReport", policies: [], unusable: [], pods: [] });
    expect(err).toBe("");
  });
});

describe("what can't be shown, exit code 1", () => {
  test.each([
    ["sidecars --policy trazing", "can't show policy trazing", "there are: tracing"],
    ["sidecars -o xml", "can't print -o xml", "there are: wide, json, yaml, name, jsonpath=TEMPLATE"],
  ])("%s", async (line, what, todo) => {
    const { out, err, code } = await serin(line, [shop]);
    expect(err).toContain(`error: ${what}\n`);
    expect(err).toContain(`try: ${todo}`);
    expect({ out, code }).toEqual({ out: "", code: 1 });
  });

  test("policies that may not be read", async () => {
    const { err, code } = await serin("sidecars", [shop], { forbidden: { sidecarpolicies: "anywhere" } });
    expect(err).toContain("canarypolicies and sidecarpolicies");
    expect(code).toBe(1);
  });

  test("a policy of a newer Serin is named, and the others count", async () => {
    const newer = { ...aSidecarPolicy(named("newer")), spec: { novelty: true } };
    const { err, out } = await serin("sidecars -o name", [[...shop, newer]]);
    expect(err).toMatch(/^warning: SidecarPolicy newer can't be used: .*novelty/);
    expect(out).toContain("pod/batch-x");
  });

  test("a word too many", async () => {
    const { err, code } = await serin("sidecars nginx", [shop]);
    expect(err).not.toBe("");
    expect(code).toBe(1);
  });
});

test("--help says what is listed, how it exits, and the shape of the JSON", async () => {
  const { out } = await serin("sidecars --help", [[]]);
  expect(out).toMatchInlineSnapshot(`
    "Usage: kubectl serin sidecars [options] [command]

    List pods and what SidecarPolicies ask of them: what they carry, what they lack,
    and why

    Options:
      -n, --namespace <name>          namespace of the pods (default: that of the
                                      context)
      -A, --all-namespaces            pods of all namespaces
      -l, --selector <labels>         only pods with these labels, as kubectl takes
                                      them
      --missing                       only pods that lack something; exit code 2 if
                                      there are any
      --policy <name>                 only what this policy asks
      -o, --output <format>           wide, json, yaml, name or jsonpath=TEMPLATE
      --context <name>                context of the kubeconfig
      --kubeconfig <path>             kubeconfig file (default: $KUBECONFIG, then
                                      ~/.kube/config)
      --request-timeout <duration>    how long to wait for one answer of the API
                                      server: 1s, 2m, seconds; 0 is for ever
                                      (default: "5s")
      -h, --help                      display help for command

    Commands:
      repair [options] <workload...>  Restart a Deployment, DaemonSet or StatefulSet
                                      at its own pace, if its pods lack what new
                                      ones would get

    Also, as with kubectl: --as, --as-group, --as-uid, --cluster, --user, --server, --token, --certificate-authority,
    --tls-server-name, --insecure-skip-tls-verify.

    One line for each pod and policy that asks something of it, the pods of one owner together, then what to do for each reason.
    Pods that no policy is for, that have ended or are being deleted are not listed, nor are those of system namespaces.
    Exit code 0: listed; 2: --missing was asked, and there are some; 1: an error.
    -o json prints one SidecarReport: policies (counts of matched, carrying, missing) and pods, each {namespace, name, owner, createdAt, policy,
    standing: Carrying or Missing, lacks: [{what, reason, message, repairable}]}. Fields are only ever added.
    You need to read pods and the namespace, and sidecarpolicies, which have no namespace: the ClusterRole serin-policy-view, in a
    ClusterRoleBinding. No worker is needed.
    "
  `);
});

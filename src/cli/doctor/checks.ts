import { formatDuration } from "../../api/duration.ts";
import { systemNamespace } from "../../api/names.ts";
import type { LostSubset } from "../../core/traffic/lostSubsets.ts";
import type { Deployment, Lease, MutatingWebhookConfiguration, Secret } from "../../kube/object.ts";
import { isSignedBy, type ReadCertificate, readCertificates } from "../../tls/readCertificates.ts";
import { subsets } from "./subsets.ts";

/** ok · warning: works, but not as it should · problem · unknown: not allowed to look · skipped: can't be looked at from here, which is usual. */
export type Level = "ok" | "warning" | "problem" | "unknown" | "skipped";

export interface Finding {
  /** Stays the same from release to release. */
  code: string;
  level: Level;
  finding: string;
  /** What to do. Absent: nothing. */
  fix?: string;
}

/** What was read, or that it may not be read. */
export type Read<T> = { value: T } | "forbidden";

/** Everything that is looked at. Times in milliseconds since the epoch. */
export interface Facts {
  /** Our own clock, when the server's was read. */
  now: number;
  server: { version: string; date: number | undefined };
  configuration: Read<MutatingWebhookConfiguration | undefined>;
  serving: Read<Secret | undefined>;
  lease: Read<Lease | undefined>;
  programs: Read<Map<string, Deployment>>;
  /** Undefined: the kind is not installed. */
  policies: Read<
    { names: string[]; unusable: Array<{ name: string; why: string }>; untold: Array<{ name: string; why: string }> } | undefined
  >;
  /** Other kinds of Serin that are not installed, by their plurals. */
  missingKinds: readonly string[];
  istio: Read<boolean>;
  /** Of all namespaces; `partial`: of those that may be read. */
  lostSubsets: { found: readonly LostSubset[]; partial: boolean };
  prometheus: { address: string; answer?: string; error?: string } | "elsewhere" | undefined;
  /** What this person may do in the namespace. */
  rights: Array<{ verb: string; resource: string; allowed: boolean }>;
  namespace: string;
}

const day = 86_400_000;
/** A certificate that ends sooner was not renewed in time: renewal is at two thirds of 30 days. */
const soon = 5 * day;
/** Clocks that differ by more make ages and Lease times hard to read; the header Date is exact to a second. */
const skewLimit = 5_000;
const pods = `kubectl get pods -n ${systemNamespace}`;

/** In the order in which a person would look. */
export const findingsOf = (facts: Facts): Finding[] => [
  kinds(facts),
  ...notifications(facts),
  ...configuration(facts),
  serving(facts),
  ...programs(facts),
  lease(facts),
  istio(facts),
  ...subsets(facts),
  prometheus(facts),
  rights(facts),
  clock(facts),
];

const may = (code: string, what: string): Finding => ({ code, level: "unknown", finding: `could not check: you may not read ${what}` });

function kinds({ policies, missingKinds }: Facts): Finding {
  const code = "Kinds";
  if (policies === "forbidden") return may(code, "canarypolicies (ClusterRole serin-policy-view)");
  if (policies.value === undefined)
    return { code, level: "problem", finding: "Serin's kinds are not installed", fix: "kubectl apply -k manifests" };
  if (missingKinds.length > 0)
    return {
      code,
      level: "problem",
      finding: `kinds of Serin are not installed: ${missingKinds.join(", ")}`,
      fix: "kubectl apply -k manifests",
    };
  const { names, unusable } = policies.value;
  const [broken] = unusable;
  if (broken)
    return {
      code,
      level: "problem",
      finding: `CanaryPolicy ${broken.name} can't be used: ${broken.why}`,
      fix: "kubectl serin lint -f its file",
    };
  if (names.length === 0)
    return {
      code,
      level: "warning",
      finding: "there is no CanaryPolicy: no change becomes a canary",
      fix: "kubectl apply -f manifests/examples/article.yaml",
    };
  return { code, level: "ok", finding: `${names.length === 1 ? "CanaryPolicy" : `${names.length} CanaryPolicies:`} ${names.join(", ")}` };
}

/** What the worker says of the receivers, in the policies' status. */
function notifications({ policies }: Facts): Finding[] {
  if (policies === "forbidden") return [];
  return (policies.value?.untold ?? []).map(({ name, why }) => ({
    code: "Notified",
    level: "warning",
    finding: `CanaryPolicy ${name} can't tell everybody: ${why}`,
    fix: `put it right, then: kubectl serin notify test ${name}`,
  }));
}

function configuration({ configuration: read, now }: Facts): Finding[] {
  const code = "Webhook";
  if (read === "forbidden") return [may(code, "mutatingwebhookconfigurations")];
  const webhooks = read.value?.webhooks ?? [];
  if (webhooks.length === 0)
    return [
      {
        code,
        level: "problem",
        finding: "there is no MutatingWebhookConfiguration canary-serin: changes go past Serin",
        fix: "kubectl apply -k manifests",
      },
    ];
  const bare = webhooks.filter(({ clientConfig }) => !clientConfig.caBundle).map(({ name }) => name);
  if (bare.length > 0)
    return [
      {
        code,
        level: "problem",
        finding: `no caBundle in ${bare.join(", ")}: kube-apiserver can't call the webhook, and changes go past Serin`,
        fix: `the certs process writes it; is it up? ${pods}`,
      },
    ];
  return [
    { code, level: "ok", finding: `canary-serin has a caBundle in each webhook: ${webhooks.map(({ name }) => name).join(", ")}` },
    bundle(bundleOf(read.value), now),
  ];
}

function bundle(found: readonly ReadCertificate[], now: number): Finding {
  const code = "Authority";
  const valid = found.filter(({ notBefore, notAfter }) => notBefore <= now && now < notAfter);
  const last = Math.max(0, ...valid.map(({ notAfter }) => notAfter));
  const fix = `the certs process renews it; is it up? ${pods}`;
  if (valid.length === 0) return { code, level: "problem", finding: "no certificate in the caBundle is valid now", fix };
  if (last - now < soon)
    return { code, level: "warning", finding: `the last CA of the caBundle ends in ${formatDuration(last - now)}`, fix };
  return { code, level: "ok", finding: `${valid.length} CA in the caBundle, valid until ${new Date(last).toISOString()}` };
}

function bundleOf(configuration: MutatingWebhookConfiguration | undefined): ReadCertificate[] {
  const text = configuration?.webhooks?.[0]?.clientConfig.caBundle ?? "";
  return readCertificates(Buffer.from(text, "base64").toString("utf8")).found;
}

function serving({ serving: read, configuration: around, now }: Facts): Finding {
  const code = "Certificate";
  if (read === "forbidden") return may(code, `the Secret serin-webhook-tls of ${systemNamespace}`);
  const fix = `the certs process renews it; is it up? ${pods}`;
  const [leaf] = readCertificates(Buffer.from(read.value?.data?.["tls.crt"] ?? "", "base64").toString("utf8")).found;
  if (!leaf) return { code, level: "problem", finding: `Secret serin-webhook-tls of ${systemNamespace} holds no certificate`, fix };
  const until = new Date(leaf.notAfter).toISOString();
  if (now >= leaf.notAfter) return { code, level: "problem", finding: `the webhook's certificate ended at ${until}`, fix };
  const authorities = around === "forbidden" ? undefined : bundleOf(around.value);
  if (authorities && !authorities.some((authority) => isSignedBy(leaf, authority)))
    return { code, level: "problem", finding: "the webhook's certificate is of no CA in the caBundle: kube-apiserver refuses it", fix };
  if (leaf.notAfter - now < soon)
    return { code, level: "warning", finding: `the webhook's certificate ends in ${formatDuration(leaf.notAfter - now)}`, fix };
  return { code, level: "ok", finding: `the webhook's certificate is valid until ${until}` };
}

function programs({ programs: read }: Facts): Finding[] {
  if (read === "forbidden") return [may("Programs", `deployments of ${systemNamespace}`)];
  if (read.value.size === 0)
    return [{ code: "Programs", level: "skipped", finding: `no Deployments of Serin in ${systemNamespace}: it runs in another way` }];
  return ["serin-webhook", "serin-worker", "serin-certs"].map((name): Finding => {
    const { spec, status } = read.value.get(name) ?? {};
    const [wanted, available] = [spec?.replicas ?? 1, status?.availableReplicas ?? 0];
    const finding =
      spec === undefined ? `there is no Deployment ${name} in ${systemNamespace}` : `${name}: ${available} of ${wanted} pods available`;
    const fix = spec === undefined ? "kubectl apply -k manifests" : `kubectl describe deploy/${name} -n ${systemNamespace}`;
    if (spec === undefined || available === 0) return { code: "Programs", level: "problem", finding, fix };
    return available < wanted ? { code: "Programs", level: "warning", finding, fix } : { code: "Programs", level: "ok", finding };
  });
}

function lease({ lease: read, server, now }: Facts): Finding {
  const code = "Worker";
  if (read === "forbidden") return may(code, `leases of ${systemNamespace}`);
  const { holderIdentity, renewTime, leaseDurationSeconds = 10 } = read.value?.spec ?? {};
  const fix = `is the worker up? ${pods}`;
  if (!holderIdentity || !renewTime)
    return {
      code,
      level: "problem",
      finding: "no worker holds the Lease serin-worker: no plan moves, and changes are treated as the policy's whenWorkerIsDown says",
      fix,
    };
  // By the server's clock where it is known: ours may be wrong.
  const old = Math.max(0, (server.date ?? now) - Date.parse(renewTime));
  if (old > leaseDurationSeconds * 1_000 + 1_000)
    return { code, level: "problem", finding: `the worker ${holderIdentity} renewed its Lease ${formatDuration(old)} ago`, fix };
  return { code, level: "ok", finding: `the worker ${holderIdentity} is alive` };
}

function istio({ istio: read }: Facts): Finding {
  const code = "Istio";
  if (read === "forbidden") return may(code, "virtualservices and destinationrules");
  return read.value
    ? { code, level: "ok", finding: "Istio's kinds are there: traffic is split by weight" }
    : {
        code,
        level: "warning",
        finding: "Istio's kinds are not installed: traffic is divided by the number of pods",
        fix: "install Istio, or set traffic.withoutRoute: Replicas",
      };
}

function prometheus({ prometheus: asked }: Facts): Finding {
  const code = "Prometheus";
  if (asked === undefined)
    return { code, level: "skipped", finding: "could not check: the worker's address of Prometheus is not known here" };
  if (asked === "elsewhere")
    return { code, level: "skipped", finding: "could not check: the worker's Prometheus is reached from inside the cluster only" };
  return asked.error === undefined
    ? { code, level: "ok", finding: `${asked.address} answers` }
    : {
        code,
        level: "warning",
        finding: `${asked.address} does not answer from here: ${asked.error}`,
        fix: "metrics have no data without it; look at the worker's log",
      };
}

function rights({ rights: all, namespace }: Facts): Finding {
  const code = "Rights";
  const lacking = all.filter(({ allowed }) => !allowed).map(({ verb, resource }) => `${verb} ${resource}`);
  if (lacking.length === 0) return { code, level: "ok", finding: `you may read and act in namespace ${namespace}` };
  return {
    code,
    level: "warning",
    finding: `in namespace ${namespace} you may not ${lacking.join(", ")}`,
    fix: "ClusterRoles serin-view and serin-edit have these, as parts of view and edit",
  };
}

function clock({ server, now }: Facts): Finding {
  const code = "Clock";
  if (server.date === undefined) return { code, level: "skipped", finding: "could not check: the API server's time is not known" };
  const skew = now - server.date;
  const words = `this machine's clock is ${formatDuration(Math.abs(skew))} ${skew > 0 ? "ahead of" : "behind"} the API server's`;
  // The header is cut to the second.
  return skew > skewLimit + 1_000 || skew < -skewLimit
    ? { code, level: "warning", finding: words, fix: "set it by NTP: ages and countdowns are shown by it" }
    : { code, level: "ok", finding: "this machine's clock agrees with the API server's" };
}

import { workerServiceAccount } from "../api/names.ts";
import { parsePlan, parsePolicy, parseSidecarPolicy } from "../api/parse.ts";
import type { CanaryPolicy } from "../api/policy.ts";
import type { SidecarPolicy } from "../api/sidecarPolicy.ts";
import type { SealKey } from "../core/admission/seal.ts";
import { isSharedClaim } from "../core/admission/sharedClaim.ts";
import { type PlanFact, planFact } from "../core/admission/world.ts";
import type { Client } from "../kube/client.ts";
import type { KubeObject, Lease, MutatingWebhookConfiguration, Namespace, PersistentVolumeClaim, Secret } from "../kube/object.ts";
import { reflect, type Trouble } from "../kube/reflector.ts";
import { resources } from "../kube/resources.ts";
import { intentKeysSecretName, parseIntentKeys } from "../tls/intentKeys.ts";
import { trustedEverywhere, webhookConfigurationName } from "../tls/observe.ts";
import type { ReadCertificate } from "../tls/readCertificates.ts";
import { parseServingSecret, type ServingCertificate, servingSecretName } from "../tls/servingSecret.ts";
import type { ReviewWorld } from "./admitReview.ts";
import type { WorkerHeartbeat } from "./workerHeartbeat.ts";

/** The worker's Lease, in Serin's own namespace. */
export const workerLeaseName = "serin-worker";

export interface CacheOptions {
  ownNamespace: string;
  heartbeat: WorkerHeartbeat;
  now(): Date;
  /** A new serving certificate was read. */
  certificate(certificate: ServingCertificate): void;
  /** What kube-apiserver trusts has changed, see `servedCertificate.ts`. */
  trusted(authorities: readonly ReadCertificate[] | undefined): void;
  trouble(trouble: Trouble): void;
  /** A first list is complete, or the intent keys have changed: there may be all now that reviews are decided by. */
  read(): void;
}

export interface WebhookCaches {
  world(): ReviewWorld;
  /** Names of what has not been read yet. */
  notSynced(): string[];
  stop(): void;
}

/** Live copies of all that admission looks at, each reduced to what it needs. */
export function openCaches(client: Client, options: CacheOptions): WebhookCaches {
  const { ownNamespace, heartbeat, now, certificate, trusted, trouble: onTrouble, read } = options;
  const policies = reflect<KubeObject, CanaryPolicy>(client, resources.canarypolicies, {
    onTrouble,
    project: (raw) => required(parsePolicy(raw), "policy"),
  });
  const sidecarPolicies = reflect<KubeObject, SidecarPolicy>(client, resources.sidecarpolicies, {
    onTrouble,
    project: (raw) => withoutStatus(required(parseSidecarPolicy(raw), "policy")),
  });
  const plans = reflect<KubeObject, PlanFact>(client, resources.canaryplans, {
    onTrouble,
    project: (raw) => planFact(required(parsePlan(raw), "plan")),
    indexes: {
      deployment: (plan) => [plan.deploymentUid],
      route: (plan) => [...plan.routes],
      revision: (plan) => [`${plan.namespace}/${plan.canary.hash}`],
    },
  });
  const namespaces = reflect<Namespace, Record<string, string>>(client, resources.namespaces, {
    onTrouble,
    project: ({ metadata }) => metadata.labels ?? {},
  });
  // Serin's own: once it is being deleted, nobody is left to move what would be held from now on. Nobody's admission waits for it either.
  const home = reflect<Namespace, boolean>(client, resources.namespaces, {
    onTrouble,
    fieldSelector: `metadata.name=${ownNamespace}`,
    project: ({ metadata }) => metadata.deletionTimestamp !== undefined,
  });
  /** Without the kind of its plans no canary can run. */
  const isOnDuty = () => home.get(ownNamespace) !== true && !plans.isGone;
  const claims = reflect<PersistentVolumeClaim, boolean>(client, resources.persistentvolumeclaims, {
    onTrouble,
    project: ({ spec }) => isSharedClaim(spec?.accessModes),
  });
  const inOwn = (name: string) => ({ onTrouble, namespace: ownNamespace, fieldSelector: `metadata.name=${name}` });
  const lease = reflect<Lease, Lease>(client, resources.leases, {
    ...inOwn(workerLeaseName),
    project: (raw) => raw,
    onChange: (_key, _before, after) =>
      heartbeat.seen(after && { renewTime: after.spec?.renewTime, leaseDurationSeconds: after.spec?.leaseDurationSeconds }),
  });
  const keys = reflect<Secret, SealKey[]>(client, resources.secrets, {
    ...inOwn(intentKeysSecretName),
    project: parseIntentKeys,
    onChange: read,
  });
  const serving = reflect<Secret, ServingCertificate>(client, resources.secrets, {
    ...inOwn(servingSecretName),
    project: parseServingSecret,
    onChange: (_key, _before, after) => after && certificate(after),
  });
  // Nobody's admission waits for it.
  const configuration = reflect<MutatingWebhookConfiguration, ReadCertificate[]>(client, resources.mutatingwebhookconfigurations, {
    onTrouble,
    fieldSelector: `metadata.name=${webhookConfigurationName}`,
    project: trustedEverywhere,
    onChange: (_key, _before, after) => trusted(after),
  });
  const all = { policies, sidecarPolicies, plans, namespaces, claims, lease, keys, serving };
  for (const { synced } of Object.values(all)) synced.then(read, () => undefined);

  return {
    world: () => ({
      now: now().toISOString(),
      ownNamespace,
      workerUser: `system:serviceaccount:${ownNamespace}:${workerServiceAccount}`,
      policies: isOnDuty() ? policies.values() : [],
      sidecarPolicies: sidecarPolicies.values(),
      plansOfRevision: (namespace, hash) => plans.index("revision", `${namespace}/${hash}`),
      namespaceLabels: (namespace) => namespaces.get(namespace),
      plansOf: (uid) => plans.index("deployment", uid),
      plansRouting: (namespace, name) => plans.index("route", `${namespace}/${name}`),
      workerIsAlive: heartbeat.isAlive(),
      keys: keys.values()[0] ?? [],
      claimIsShared: (namespace, claim) => claims.get(`${namespace}/${claim}`) === true,
    }),
    notSynced: () => Object.entries(all).flatMap(([name, reflector]) => (reflector.isSynced ? [] : [name])),
    stop: () => {
      for (const reflector of [...Object.values(all), home, configuration]) reflector.stop();
    },
  };
}

/** Its list of pods changes all the time, and admission reads none of it. */
function withoutStatus({ status: _, ...policy }: SidecarPolicy): SidecarPolicy {
  return policy;
}

/** An object that can't be read is left out, and the sentence that says why goes to the log. */
function required<K extends string, T>(result: { [key in K]?: T } & { error?: string }, key: K): T {
  const value = result[key];
  if (value === undefined) throw new Error(result.error ?? `no ${key}`);
  return value;
}

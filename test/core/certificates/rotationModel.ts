/**
 * A cluster as far as certificates go, without cryptography: three objects with compare-and-swap, several certs processes that can be stopped
 * between any two requests, replicas and kube-apiservers that hear of everything late. What `src/tls/act.ts` does to PEM is done to ids here.
 */
import { decideCertificates } from "../../../src/core/certificates/decide.ts";
import type { Authority, CertificateAction, CertificateState, Leaf } from "../../../src/core/certificates/state.ts";
import { backDated, type CertificateTimes } from "../../../src/core/certificates/times.ts";
import { trustLog } from "../../../src/tls/trustLog.ts";

interface Configuration {
  uid: number;
  generation: number;
  bundles: string[][];
  /** Somebody edited it, and it has not been put right yet: what it says is not our doing. */
  isEdited: boolean;
}
interface Version {
  from: number;
  configuration: Configuration | undefined;
}
interface Versioned<T> {
  version: number;
  value: T | undefined;
}
type Served = { leaf: Leaf | undefined };

class Conflict extends Error {}

export class ClusterModel {
  readonly times: CertificateTimes;
  /** True time, milliseconds. */
  time = Date.parse("2026-01-01T00:00:00Z");
  authorities: Versioned<Authority[]> = { version: 0, value: undefined };
  serving: Versioned<Served> = { version: 0, value: undefined };
  configuration: Versioned<Configuration> = { version: 0, value: undefined };
  /** What kube-apiservers may still believe. */
  versions: Version[] = [];
  /** Every certificate that was ever served: a replica that hears nothing any more serves it to its end. */
  leafs: Leaf[] = [];
  largestBundle = 0;
  made = 0;
  private uids = 0;
  private ids = 0;
  /** All that were ever made, as a bundle would show them. */
  private readonly certificates = new Map<string, Authority>();

  constructor(times: CertificateTimes) {
    this.times = times;
  }

  advance(milliseconds: number): void {
    this.time += milliseconds;
    const horizon = this.time - this.times.trustDelay;
    this.versions = this.versions.filter((_, i) => (this.versions[i + 1]?.from ?? Number.POSITIVE_INFINITY) > horizon);
    this.leafs = this.leafs.filter(({ notAfter }) => notAfter > this.time);
    this.check();
  }

  /** The law: no certificate that a replica may still serve is distrusted by a configuration that a kube-apiserver may still hold. */
  check(): void {
    for (const leaf of this.leafs) {
      for (const { configuration } of this.versions) {
        if (configuration === undefined || configuration.isEdited || leaf.notAfter <= this.time) continue;
        for (const bundle of configuration.bundles) {
          if (!bundle.includes(leaf.issuer ?? "")) {
            throw new Error(`at ${this.time} a certificate of ${leaf.issuer} is served, and ${bundle.join("+") || "nobody"} is trusted`);
          }
        }
      }
    }
  }

  writeConfiguration(value: Configuration | undefined, expected = this.configuration.version): void {
    if (expected !== this.configuration.version) throw new Conflict();
    this.configuration = { version: expected + 1, value };
    this.versions.push({ from: this.time, configuration: value });
    if (value && !value.isEdited) this.largestBundle = Math.max(this.largestBundle, ...value.bundles.map(({ length }) => length));
    this.check();
  }

  writeAuthorities(value: Authority[] | undefined, expected = this.authorities.version): void {
    if (expected !== this.authorities.version) throw new Conflict();
    this.authorities = { version: expected + 1, value };
  }

  writeServing(value: Served | undefined, expected = this.serving.version): void {
    if (expected !== this.serving.version) throw new Conflict();
    this.serving = { version: expected + 1, value };
    if (value?.leaf) {
      // Before the first certificate of all every review failed, whatever was trusted: there was nothing to break.
      if (this.made === 0) this.versions = this.versions.slice(-1);
      this.leafs.push(value.leaf);
      this.made += 1;
    }
    this.check();
  }

  /** As `kubectl apply` of the manifest, or somebody's editor; undefined deletes it. */
  edit(bundles: string[][] | undefined): void {
    const before = this.configuration.value;
    if (before === undefined) this.uids += 1;
    const generation = (before?.generation ?? 0) + 1;
    this.writeConfiguration(bundles && { uid: this.uids, generation, bundles, isEdited: true });
  }

  newAuthority(now: number, notAfter: number, order: number): Authority {
    this.ids += 1;
    const made = { id: `ca${this.ids}`, order, hasKey: true, notBefore: now - backDated, notAfter, signedUntil: 0 };
    this.certificates.set(made.id, made);
    return made;
  }

  strangers(known: readonly Authority[], ids: readonly string[]): CertificateState["strangers"] {
    return [...new Set(ids)]
      .filter((id) => !known.some((one) => one.id === id))
      .flatMap((id) => this.certificates.get(id) ?? [])
      .map(({ id, notAfter }) => ({ id, notAfter, isOurs: true }));
  }
}

/** One certs process: `step` lets it send one more request; a crash is a new one in its place. */
export class ProcessModel {
  /** Its clock against the true one, milliseconds. */
  clockError = 0;
  private readonly cluster: ClusterModel;
  private readonly trusted: ReturnType<typeof trustLog>;
  private running: Generator<void, void> | undefined;

  constructor(cluster: ClusterModel) {
    this.cluster = cluster;
    this.trusted = trustLog(() => cluster.time);
  }

  step(): void {
    this.running ??= this.round();
    try {
      if (this.running.next().done) this.running = undefined;
    } catch (error) {
      if (!(error instanceof Conflict)) throw error;
      this.running = undefined;
    }
  }

  private now(): number {
    return this.cluster.time + this.clockError;
  }

  private *round(): Generator<void, void> {
    const { cluster } = this;
    const configuration = cluster.configuration;
    yield;
    const authorities = cluster.authorities;
    yield;
    const serving = cluster.serving;
    const seen = { authorities, serving, configuration };
    const { actions } = decideCertificates(this.state(seen), cluster.times);
    for (const action of actions) {
      yield;
      yield* this.act(seen, action);
    }
    yield;
  }

  private state({
    authorities,
    serving,
    configuration,
  }: Pick<ClusterModel, "authorities" | "serving" | "configuration">): CertificateState {
    const now = this.now();
    const known = authorities.value ?? [];
    const bundles = configuration.value?.bundles ?? [];
    const leaf = serving.value?.leaf;
    const served = leaf && leaf.notBefore <= now && now < leaf.notAfter ? leaf : undefined;
    const trustedFor = this.trusted(
      configuration.value && {
        uid: String(configuration.value.uid),
        generation: configuration.value.generation,
        everywhere: (bundles[0] ?? []).filter((id) => bundles.every((bundle) => bundle.includes(id))),
      },
    );
    return {
      now,
      authorities: known,
      strangers: this.cluster.strangers(known, [...bundles.flat(), ...(leaf?.issuer === undefined ? [] : [leaf.issuer])]),
      served,
      fault: served ? undefined : "unusable",
      configuration: configuration.value && {
        isInjected: false,
        webhooks: bundles.map((trusts, i) => ({ name: `webhook-${i}`, trusts, isGarbled: false })),
      },
      trustedFor,
      provided: undefined,
    };
  }

  private *act(seen: Pick<ClusterModel, "authorities" | "serving" | "configuration">, action: CertificateAction): Generator<void, void> {
    const { cluster } = this;
    const known = seen.authorities.value ?? [];
    const keep = (value: Authority[]) => {
      cluster.writeAuthorities(value, seen.authorities.version);
      seen.authorities = cluster.authorities;
    };
    switch (action.type) {
      case "adopt": {
        const adopted = action.authorities.map(({ id, signedUntil }) => {
          const notAfter = cluster.strangers([], [id])[0]?.notAfter ?? 0;
          return { ...(known.find((one) => one.id === id) ?? { id, order: 0, hasKey: false, notBefore: 0, notAfter }), signedUntil };
        });
        return keep([...known.filter(({ id }) => !adopted.some((one) => one.id === id)), ...adopted]);
      }
      case "forget":
        return keep(known.filter(({ id }) => id !== action.id));
      case "makeAuthority":
        return keep([...known, cluster.newAuthority(this.now(), action.notAfter, Math.max(0, ...known.map(({ order }) => order)) + 1)]);
      case "trust": {
        const before = seen.configuration.value;
        if (before === undefined) throw new Error("no configuration to trust in");
        const next = { ...before, generation: before.generation + 1, isEdited: false, bundles: before.bundles.map(() => [...action.ids]) };
        return cluster.writeConfiguration(next, seen.configuration.version);
      }
      case "issue": {
        const signer = known.find(({ id }) => id === action.by);
        if (!signer?.hasKey) throw new Error(`${action.by} was to sign without a key`);
        if (action.notAfter > signer.notAfter) throw new Error("a certificate would outlive its CA");
        const notBefore = this.now() - backDated;
        const noted = known.map((one) =>
          one === signer
            ? { ...one, signedUntil: Math.max(one.signedUntil, action.notAfter) }
            : { ...one, hasKey: one.hasKey && one.order > signer.order },
        );
        keep(noted);
        yield;
        return cluster.writeServing({ leaf: { issuer: action.by, notBefore, notAfter: action.notAfter } }, seen.serving.version);
      }
    }
  }
}

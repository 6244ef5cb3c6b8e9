import jsonpatch from "jsonpatch";
import { annotations } from "../../src/api/names.ts";
import { parsePlan, parsePolicy } from "../../src/api/parse.ts";
import type { CanaryPlan, PlanSpec } from "../../src/api/plan.ts";
import type { CanaryPolicy } from "../../src/api/policy.ts";
import type { Admission } from "../../src/core/admission/admission.ts";
import { admitDeployment } from "../../src/core/admission/admitDeployment.ts";
import { admitPlan, type ReviewedPlan } from "../../src/core/admission/admitPlan.ts";
import { admitVirtualService } from "../../src/core/admission/admitVirtualService.ts";
import type { Asking, ReviewedDeployment } from "../../src/core/admission/deploymentReview.ts";
import { openIntent, type SealKey } from "../../src/core/admission/seal.ts";
import { planFact, type World } from "../../src/core/admission/world.ts";
import type { VirtualServiceSpec } from "../../src/core/traffic/wire.ts";
import type { Deployment, KubeObject } from "../../src/kube/object.ts";
import { type Resource, resources } from "../../src/kube/resources.ts";
import { deploymentName, namespace } from "../build/story.ts";
import type { ApiServer } from "./apiServer.ts";
import { copy } from "./copy.ts";
import type { SimulatedClock } from "./simulatedClock.ts";

export const keys: SealKey[] = [{ id: "k1", secret: Buffer.from("a key of thirty-two bytes, or so") }];

/** People and tools that write to the cluster. What they write goes through the webhook of `src/core/admission`, unless it is down. */
export class Users {
  readonly #server: ApiServer;
  readonly #clock: SimulatedClock;
  #requests = 0;
  /** Requests for an image that the webhook held, oldest first (design I4). */
  readonly held: Array<{ uid: string; image: string; cancels: boolean }> = [];
  webhookIsUp = true;
  /** As the webhook knows it from the Lease. */
  workerIsAlive = true;
  /** When somebody last scaled, or unpaused past the admission: for a moment the world is then not as anybody wants it. */
  scaledAt = 0;
  unpausedAt = 0;
  lastAnswer: Admission | undefined;

  constructor(server: ApiServer, clock: SimulatedClock) {
    this.#server = server;
    this.#clock = clock;
  }

  setImage(image: string): void {
    this.editDeployment((draft) => {
      const container = draft.spec?.template.spec?.containers[0];
      if (container) container.image = image;
    }, "kubectl-set");
  }

  /** The scale subresource never meets the webhook. */
  scale(replicas: number): void {
    this.scaledAt = this.#clock.now();
    this.#write<Deployment>(resources.deployments, deploymentName, "kubectl", (draft) => {
      if (draft.spec) draft.spec.replicas = replicas;
    });
  }

  /** `kubectl rollout resume`. @returns whether it was admitted */
  resume(): boolean {
    this.editDeployment((draft) => void delete draft.spec?.paused, "kubectl-rollout");
    return this.lastAnswer?.allowed ?? true;
  }

  /** Somebody whom neither webhook nor admission policy stopped. */
  unpausePastAdmission(): void {
    this.unpausedAt = this.#clock.now();
    this.#write<Deployment>(resources.deployments, deploymentName, "kubectl", (draft) => void delete draft.spec?.paused);
  }

  editDeployment(change: (draft: Deployment) => void, tool: string): void {
    const before = this.#server.get<Deployment>(resources.deployments, deploymentName, namespace);
    if (!before) return;
    const wanted = copy(before);
    change(wanted);
    let stored: unknown = wanted;
    if (this.webhookIsUp) {
      const review = {
        asking: this.#asking(deploymentName, tool),
        object: wanted as unknown as ReviewedDeployment,
        oldObject: before as unknown as ReviewedDeployment,
      };
      stored = this.#admitted(wanted, admitDeployment(review, this.#world()));
    }
    if (stored === undefined) return;
    const taken = stored;
    this.#write<Deployment>(resources.deployments, deploymentName, tool, (draft) => void Object.assign(draft, taken));
    const text = (taken as Deployment).metadata.annotations?.[annotations.intent];
    const intent = openIntent(text, before.metadata.uid, keys);
    if (!intent || this.held.some(({ uid }) => uid === intent.request.uid)) return;
    const image = wanted.spec?.template.spec?.containers[0]?.image ?? "";
    this.held.push({ uid: intent.request.uid, image, cancels: intent.canary === intent.stable });
  }

  /** What a person writes into `spec.control` of a plan. */
  control(plan: CanaryPlan, control: Partial<PlanSpec["control"]>): void {
    const { name } = plan.metadata;
    const before = this.#server.get<CanaryPlan>(resources.canaryplans, name, namespace);
    if (!before) return;
    const wanted = copy(before);
    wanted.spec.control = { ...wanted.spec.control, ...control };
    const review = { asking: this.#asking(name, "kubectl-edit"), object: wanted as ReviewedPlan, oldObject: before as ReviewedPlan };
    const stored = this.webhookIsUp ? this.#admitted(wanted, admitPlan(review, this.#world())) : wanted;
    if (stored)
      this.#write<CanaryPlan>(resources.canaryplans, name, "kubectl-edit", (draft) => {
        draft.spec = stored.spec;
      });
  }

  /** A VirtualService as the team's repository has it. */
  applyRoute(name: string, spec: VirtualServiceSpec): void {
    const before = this.#server.get<KubeObject & { spec: VirtualServiceSpec }>(resources.virtualservices, name, namespace);
    if (!before) return;
    const wanted = { ...copy(before), spec: copy(spec) };
    const review = { asking: this.#asking(name, "argocd"), object: wanted, oldObject: before };
    const stored = this.webhookIsUp ? this.#admitted(wanted, admitVirtualService(review, this.#world())) : wanted;
    if (stored)
      this.#write<KubeObject>(resources.virtualservices, name, "argocd", (draft) => {
        draft["spec"] = stored.spec;
      });
  }

  editPolicy(name: string, change: (draft: CanaryPolicy) => void): void {
    this.#server.update<CanaryPolicy>(resources.canarypolicies, name, undefined, change, { manager: "kubectl" });
  }

  remove(resource: Resource, name: string): void {
    if (this.#server.get(resource, name, resource.namespaced ? namespace : undefined))
      this.#server.remove(resource, name, resource.namespaced ? namespace : undefined);
  }

  #write<T extends object>(resource: Resource, name: string, manager: string, change: (draft: T) => void): void {
    if (this.#server.get(resource, name, namespace)) this.#server.update<T>(resource, name, namespace, change, { manager });
  }

  #admitted<T>(object: T, admission: Admission): T | undefined {
    this.lastAnswer = admission;
    if (!admission.allowed) return undefined;
    return admission.operations.length === 0 ? object : jsonpatch.apply_patch(copy(object), copy(admission.operations));
  }

  #asking(name: string, tool: string): Asking {
    this.#requests += 1;
    return {
      requestUid: `request-${this.#requests}`,
      user: "ann",
      groups: ["dev"],
      fieldManager: tool,
      operation: "UPDATE",
      dryRun: false,
      namespace,
      name,
    };
  }

  #world(): World {
    const plans = this.#server.list<CanaryPlan>(resources.canaryplans).flatMap((raw) => {
      const { plan } = parsePlan(raw);
      return plan ? [planFact(plan)] : [];
    });
    return {
      now: new Date(this.#clock.now()).toISOString(),
      ownNamespace: "serin-system",
      workerUser: "system:serviceaccount:serin-system:serin-worker",
      policies: this.#server.list<CanaryPolicy>(resources.canarypolicies).flatMap((raw) => parsePolicy(raw).policy ?? []),
      namespaceLabels: (name) => ({ "kubernetes.io/metadata.name": name }),
      plansOf: (uid) => plans.filter((plan) => plan.deploymentUid === uid),
      plansRouting: (where, name) => plans.filter((plan) => plan.routes.includes(`${where}/${name}`)),
      workerIsAlive: this.workerIsAlive,
      claimIsShared: () => false,
      keys,
    };
  }
}

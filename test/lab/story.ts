import { execFile } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { stringify } from "yaml";
import { apiVersion } from "../../src/api/names.ts";
import type { CanaryPlan, Phase } from "../../src/api/plan.ts";
import type { KubeObject } from "./kubelet/clusterClient.ts";
import { type Lab, startLab } from "./lab.ts";
import type { LoadReport } from "./load/loadReport.ts";
import { type Load, startLoad } from "./load/startLoad.ts";
import type { LabOptions } from "./options.ts";
import type { RecordedEvent } from "./recorder/recordedEvent.ts";
import { type Recorder, startRecorder } from "./recorder/startRecorder.ts";
import { type ShopOptions, shop } from "./storyShop.ts";
import { until } from "./until.ts";

/** One command as a user types it: what it printed, and its exit code. */
export interface Typed {
  code: number;
  stdout: string;
  stderr: string;
}

interface ImageOf {
  spec: { template: { spec: { containers: { image: string }[] } } };
}

const ended: ReadonlySet<Phase> = new Set(["Promoted", "RolledBack", "Held", "Cancelled", "Superseded", "Bypassed"]);

/**
 * A lab with one application, told as Given / When / Then, every act from kubectl's side:
 *
 *   const story = await tell();                          Given a cluster with Serin
 *   await story.shop({ replicas: 4 });                   and the team's application, taking load,
 *   await story.policy({ steps: […] });                  and a policy;
 *   await story.kubectl("set", "image", …);              When …
 *   await story.ends("nginx:1.24.0");                    Then …
 */
export class Story {
  readonly lab: Lab;
  /** Where its commands are typed. */
  readonly namespace: string;
  #load: Load | undefined;
  #recorder: Recorder | undefined;

  constructor(lab: Lab, namespace = "default") {
    this.lab = lab;
    this.namespace = namespace;
  }

  /** kubectl's standard output. @throws when it fails */
  kubectl(...args: string[]): Promise<string> {
    return this.lab.kubectl(...args);
  }

  /** A command that may fail: exit code and both outputs. */
  type(command: string, ...args: string[]): Promise<Typed> {
    return new Promise((resolve) => {
      execFile(command, args, { env: this.lab.env, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : typeof error.code === "number" ? error.code : 1, stdout, stderr });
      });
    });
  }

  /** The team's application: Deployment, Service, Gateway, VirtualService (see `storyShop.ts`), ready and reachable. */
  async shop(options: ShopOptions = {}): Promise<void> {
    await this.lab.apply(shop(options));
    await this.kubectl("rollout", "status", `deploy/${options.name ?? "nginx"}`, "--timeout=60s");
    if (options.route !== false && options.replicas !== 0)
      await until("the gateway answers", async () => (await fetch(`${this.lab.env["LAB_GATEWAY"]}/`)).ok);
  }

  /** One policy named `policy`; what is not said is the policy's default. Resolves when the webhook knows it. */
  async policy(spec: Record<string, unknown>): Promise<void> {
    await this.lab.apply(stringify({ apiVersion: "serin.dev/v1alpha1", kind: "CanaryPolicy", metadata: { name: "policy" }, spec }));
    // The webhook reads policies by a watch; a dry run shows whether it has heard of this one.
    await delay(300);
  }

  setImage(image: string, name = "nginx"): Promise<string> {
    return this.kubectl("set", "image", `deploy/${name}`, `nginx=${image}`);
  }

  async plans(): Promise<CanaryPlan[]> {
    return (await this.lab.client.get<{ items: CanaryPlan[] }>(`/apis/${apiVersion}/namespaces/${this.namespace}/canaryplans`)).items;
  }

  async plansOf(name: string): Promise<CanaryPlan[]> {
    return (await this.plans()).filter(({ spec }) => spec.deployment.name === name);
  }

  /** The youngest plan for this image, as soon as there is one. */
  plan(image: string): Promise<CanaryPlan> {
    return until(
      `a plan for ${image}`,
      async () =>
        (await this.plans())
          .filter((plan) => plan.spec.canary.images.includes(image))
          .sort((a, b) => (String(a.metadata.creationTimestamp) < String(b.metadata.creationTimestamp) ? 1 : -1))[0],
      30,
    );
  }

  /** Waits until the plan for this image looks like that. */
  planWhen(image: string, what: string, holds: (plan: CanaryPlan) => boolean, seconds = 120): Promise<CanaryPlan> {
    return until(
      `the plan for ${image}: ${what}`,
      async () => {
        const plan = await this.plan(image);
        return holds(plan) ? plan : undefined;
      },
      seconds,
    );
  }

  /** Waits until the plan for this image is at this weight, by the routes' own word. */
  atWeight(image: string, weight: number, seconds = 120): Promise<CanaryPlan> {
    return this.planWhen(
      image,
      `weight ${weight}, step begun`,
      ({ status }) => status?.weight?.desired === weight && status.reason === "StepStarted",
      seconds,
    );
  }

  /** Waits for the end of the plan for this image. */
  ends(image: string, seconds = 180): Promise<CanaryPlan> {
    return this.planWhen(image, "ended", ({ status }) => status !== undefined && ended.has(status.phase), seconds);
  }

  async image(name = "nginx"): Promise<string> {
    const { spec } = await this.lab.client.get<ImageOf>(`/apis/apps/v1/namespaces/${this.namespace}/deployments/${name}`);
    return spec.template.spec.containers[0]?.image ?? "";
  }

  /** Any object as it is now. */
  async get<T = Record<string, unknown>>(kind: string, name: string): Promise<T> {
    return JSON.parse(await this.kubectl("get", kind, name, "-o", "json", "--show-managed-fields")) as T;
  }

  /** Names of the application's pods that are not on their way out. */
  async pods(name = "nginx"): Promise<string[]> {
    const { items } = await this.lab.client.get<{ items: KubeObject[] }>(
      `/api/v1/namespaces/${this.namespace}/pods?labelSelector=app=${name}`,
    );
    return items
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
      .map(({ metadata }) => metadata.name)
      .sort();
  }

  /** Exit code of `kubectl rollout status` once it ends. */
  rolloutStatus(name = "nginx"): Promise<Typed> {
    return this.type("kubectl", "rollout", "status", `deploy/${name}`, "--timeout=5m");
  }

  /** Requests a second through the gateway, from now until `stopLoad`. */
  async load(rate = 100): Promise<Load> {
    this.#load = await startLoad({ url: this.lab.env["LAB_GATEWAY"] ?? "", path: "/", rate });
    return this.#load;
  }

  async stopLoad(): Promise<LoadReport> {
    const load = this.#load;
    if (!load) throw new Error("no load was started");
    this.#load = undefined;
    return load.stop();
  }

  /** The independent witness of every stored revision. */
  async record(): Promise<Recorder> {
    this.#recorder = await startRecorder({ kubeconfig: this.lab.env["KUBECONFIG"] ?? "" });
    return this.#recorder;
  }

  /** Every stored revision since `record`. @throws when one may be missing */
  async stopRecording(options?: { despiteGaps: boolean }): Promise<RecordedEvent[]> {
    const recorder = this.#recorder;
    if (!recorder) throw new Error("nothing was recorded");
    this.#recorder = undefined;
    return recorder.stop(options);
  }

  async stop(): Promise<void> {
    await this.#load?.stop();
    await this.#recorder?.stop({ despiteGaps: true });
    await this.lab.stop();
  }
}

export async function tell(options: Partial<LabOptions> = {}): Promise<Story> {
  return new Story(await startLab(options));
}

/** Steps of a quick story: setWeight and a pause each. */
export const steps = (...pairs: Array<[weight: number, pause: string]>): unknown[] =>
  pairs.flatMap(([setWeight, duration]) => [{ setWeight }, { pause: { duration } }]);

/** The article's metric over a short window, so that a story needs seconds. */
export const successRate = (
  over: { interval?: string; failureLimit?: number; window?: string; condition?: string } = {},
): Record<string, unknown> => {
  const selector = `reporter="source",destination_service_name="{{args.service}}",destination_service_namespace="{{args.namespace}}"`;
  const window = over.window ?? "10s";
  return {
    name: "success-rate",
    interval: over.interval ?? "5s",
    failureLimit: over.failureLimit ?? 0,
    successCondition: over.condition ?? "result[0] >= 0.95",
    provider: {
      prometheus: {
        query: `sum(rate(istio_requests_total{${selector},response_code!~"5.*"}[${window}])) / sum(rate(istio_requests_total{${selector}}[${window}]))`,
      },
    },
  };
};

import { createHash } from "node:crypto";
import { apiVersion, fieldManager } from "../../api/names.ts";
import type { CanaryPlan } from "../../api/plan.ts";
import { cutName } from "../../api/planName.ts";
import type { Action } from "../../core/plan/action.ts";
import { isAlreadyExists } from "../../kube/apiError.ts";
import type { Client } from "../../kube/client.ts";
import type { KubeObject } from "../../kube/object.ts";
import { resources } from "../../kube/resources.ts";
import type { Scene } from "./act.ts";

/** What an Event tells, and of which Deployment and plan. */
export interface Told {
  type: "Normal" | "Warning";
  reason: string;
  message: string;
  namespace: string;
  deployment: { name: string; uid?: string | undefined };
  plan?: CanaryPlan | undefined;
  /** Milliseconds since the epoch. */
  now: number;
  /** Name of the process that tells it. */
  instance: string;
}

/** One Event per decision, on the Deployment and related to the plan, in the same words as the journal. */
export const emitEvent = (
  { type, reason, message }: Extract<Action, { kind: "event" }>,
  { hands, snapshot: { namespace, name, plan, deployment, now } }: Scene,
): Promise<void> => {
  const { client, instance } = hands;
  return writeEvent(client, { type, reason, message, namespace, deployment: { name, uid: deployment?.uid }, plan, now, instance });
};

/** The Event's name is made from what it says, so a decision that is carried out twice is told once. @throws ApiError */
export async function writeEvent(client: Client, told: Told): Promise<void> {
  const { type, reason, message, namespace, deployment, plan, now, instance } = told;
  const { name, uid } = deployment;
  const hash = createHash("sha256")
    .update(JSON.stringify([plan?.metadata.uid, plan?.status?.journal?.length, reason, message]))
    .digest("hex")
    .slice(0, 12);
  const event = {
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    metadata: { name: `${cutName(name, 230)}.${hash}`, namespace },
    eventTime: new Date(now).toISOString().replace("Z", "000Z"),
    reportingController: "serin.dev/worker",
    reportingInstance: instance.slice(0, 128),
    action: "Canary",
    reason,
    note: message.slice(0, 1024),
    type,
    regarding: { apiVersion: "apps/v1", kind: "Deployment", namespace, name, ...(uid === undefined ? {} : { uid }) },
    ...(plan ? { related: { apiVersion, kind: "CanaryPlan", namespace, name: plan.metadata.name, uid: plan.metadata.uid } } : {}),
  };
  try {
    await client.create<KubeObject>(resources.events, event as unknown as KubeObject, { fieldManager });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}

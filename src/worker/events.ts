import { createHash } from "node:crypto";
import { apiVersion, fieldManager } from "../api/names.ts";
import type { Action } from "../core/plan/action.ts";
import { isAlreadyExists } from "../kube/apiError.ts";
import type { KubeObject } from "../kube/object.ts";
import { resources } from "../kube/resources.ts";
import type { Scene } from "./act.ts";

/**
 * One Event per decision, on the Deployment and related to the plan, in the same words as the journal. Its name is made from what it says,
 * so a decision that is carried out twice is told once.
 */
export async function emitEvent({ type, reason, message }: Extract<Action, { kind: "event" }>, { hands, snapshot }: Scene): Promise<void> {
  const { namespace, name, plan, deployment } = snapshot;
  const told = createHash("sha256")
    .update(JSON.stringify([plan?.metadata.uid, plan?.status?.journal?.length, reason, message]))
    .digest("hex")
    .slice(0, 12);
  const event = {
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    metadata: { name: `${name.slice(0, 230)}.${told}`, namespace },
    eventTime: new Date(snapshot.now).toISOString().replace("Z", "000Z"),
    reportingController: "serin.dev/worker",
    reportingInstance: hands.instance.slice(0, 128),
    action: "Canary",
    reason,
    note: message.slice(0, 1024),
    type,
    regarding: { apiVersion: "apps/v1", kind: "Deployment", namespace, name, ...(deployment ? { uid: deployment.uid } : {}) },
    ...(plan ? { related: { apiVersion, kind: "CanaryPlan", namespace, name: plan.metadata.name, uid: plan.metadata.uid } } : {}),
  };
  try {
    await hands.client.create<KubeObject>(resources.events, event as unknown as KubeObject, { fieldManager });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}

import { apiVersion } from "../../api/names.ts";
import type { Notice } from "./notice.ts";

/** A CloudEvent 1.0 in structured mode. */
export interface CloudEvent {
  specversion: "1.0";
  id: string;
  source: string;
  type: string;
  subject: string;
  time: string;
  datacontenttype: "application/json";
  data: Record<string, unknown>;
}

/** `source` and `id` name the decision: whoever gets it twice can tell. `type` ends in the trigger, as the policy spells it. */
export function cloudEventOf(notice: Notice): CloudEvent {
  const { namespace, deployment, plan, uid, seq, at, trigger, reason, message, policy, stable, canary, user, tool } = notice;
  return {
    specversion: "1.0",
    id: `${uid}/${seq}`,
    source: `/apis/${apiVersion}/namespaces/${namespace}/canaryplans/${plan}`,
    type: `dev.serin.canaryplan.${trigger}`,
    subject: `${namespace}/${deployment}`,
    time: at,
    datacontenttype: "application/json",
    data: { namespace, deployment, plan, policy, reason, message, images: { stable, canary }, requestedBy: { user, tool } },
  };
}

/** One that only tries the way. */
export const testEvent = ({ policy, receiver, message, at }: Record<"policy" | "receiver" | "message" | "at", string>): CloudEvent => ({
  specversion: "1.0",
  id: `${receiver}/${at}`,
  source: `/apis/${apiVersion}/canarypolicies/${policy}`,
  type: "dev.serin.canarypolicy.Test",
  subject: policy,
  time: at,
  datacontenttype: "application/json",
  data: { policy, message },
});

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Lab } from "./lab.ts";

/*
 * The second reading of kube-apiserver's audit log, with nothing of Serin's code: what was stored of each Deployment, one version after the other
 * (`auditBodies`), and so which request changed its images, and whose it was; and which requests were refused by a webhook.
 */

/** A request that changed the images of a Deployment. */
export interface ImageChange {
  /** Who it counted as. */
  user: string;
  deployment: string;
  before: string;
  after: string;
  /** When the request came, milliseconds since the epoch. */
  at: number;
}

export interface Refusal {
  user: string;
  deployment: string;
  at: number;
}

interface Recorded {
  stage: string;
  verb: string;
  requestURI: string;
  user: { username: string };
  impersonatedUser?: { username: string };
  objectRef?: { resource: string; subresource?: string; namespace?: string; name?: string };
  responseStatus?: { code?: number; message?: string };
  responseObject?: Stored;
  requestReceivedTimestamp: string;
}

interface Stored {
  kind?: string;
  metadata?: { uid: string; name: string; namespace: string; resourceVersion: string };
  spec?: { template: { spec: { containers: Array<{ image: string }> } } };
}

/** Of the namespace `default`, oldest first. */
export async function imageChanges(lab: Lab): Promise<{ changes: ImageChange[]; refusals: Refusal[] }> {
  const text = await readFile(join(lab.dir, "audit.log"), "utf8");
  const events = text
    .slice(0, text.lastIndexOf("\n"))
    .split("\n")
    .map((line) => JSON.parse(line) as Recorded)
    .filter(
      ({ stage, objectRef }) => stage === "ResponseComplete" && objectRef?.resource === "deployments" && objectRef.namespace === "default",
    )
    .filter(({ verb, requestURI }) => ["create", "update", "patch"].includes(verb) && !requestURI.includes("dryRun="));
  const stored = events
    .filter(
      ({ objectRef, responseStatus, responseObject }) =>
        !objectRef?.subresource && (responseStatus?.code ?? 500) < 300 && responseObject?.metadata,
    )
    .sort((a, b) => versionOf(a) - versionOf(b));
  const last = new Map<string, string>();
  const changes = stored.flatMap((event): ImageChange[] => {
    const { uid = "", name = "" } = event.responseObject?.metadata ?? {};
    const after = (event.responseObject?.spec?.template.spec.containers ?? []).map(({ image }) => image).join();
    const before = last.get(uid);
    last.set(uid, after);
    if (before === undefined || before === after) return [];
    return [{ user: userOf(event), deployment: name, before, after, at: timeOf(event) }];
  });
  const refusals = events
    .filter(({ responseStatus }) => /^admission webhook .* denied the request/.test(responseStatus?.message ?? ""))
    .map((event) => ({ user: userOf(event), deployment: event.objectRef?.name ?? "", at: timeOf(event) }));
  return { changes, refusals };
}

const versionOf = ({ responseObject }: Recorded): number => Number(responseObject?.metadata?.resourceVersion);
const userOf = ({ user, impersonatedUser }: Recorded): string => impersonatedUser?.username ?? user.username;
const timeOf = ({ requestReceivedTimestamp }: Recorded): number => Date.parse(requestReceivedTimestamp);

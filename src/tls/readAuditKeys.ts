import type { Client } from "../kube/client.ts";
import type { Secret } from "../kube/object.ts";
import { resources } from "../kube/resources.ts";
import { type AuditKeys, auditSecretName, parseAuditKeys } from "./auditKeys.ts";

/** The keys that seal, read when they are needed and kept by nobody: a plan ends so seldom that one GET more is nothing. @throws ApiError */
export const readAuditKeys = async (client: Pick<Client, "get">, namespace: string): Promise<AuditKeys> =>
  parseAuditKeys(await client.get<Secret>(resources.secrets, auditSecretName, namespace));

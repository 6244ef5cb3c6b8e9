import { Agent } from "undici";
import { type Notification, receiverKind } from "../../api/notification.ts";
import type { Letter } from "../../core/notify/notice.ts";
import { accesses } from "../../prometheus/access.ts";
import { type Credentials, parseCredentials } from "../../prometheus/credentials.ts";
import { type Failure, isFailure } from "../../prometheus/failure.ts";
import type { SecretSource } from "../namedSecrets.ts";
import { checkedLookup, receiverAddress } from "./address.ts";
import { type Posted, post } from "./post.ts";

/** What a receiver's Secret says. */
export interface ReceiverSecret {
  address?: string | undefined;
  credentials: Credentials;
}

/** An address alone is enough. */
export function parseReceiverSecret(
  name: string,
  { address, ...rest }: Readonly<Record<string, string>>,
  version: string,
): ReceiverSecret | Failure {
  if (address !== undefined && Object.keys(rest).length === 0) return { address, credentials: { version } };
  const credentials = parseCredentials(name, rest, version);
  return isFailure(credentials) ? credentials : { address, credentials };
}

interface Reached {
  address?: string | undefined;
  secretRef?: { name: string } | undefined;
}

/** Total time of one attempt. */
const deadlineMs = 10_000;

/** The way to receivers: connections of their own, so that none of the worker's other requests waits for one. */
export function receiverReach(secrets: SecretSource<ReceiverSecret>): {
  /** One attempt. Never throws. */
  send(receiver: Notification, letter: Letter, signal: AbortSignal): Promise<Posted>;
  close(): Promise<void>;
} {
  const connect = { lookup: checkedLookup, timeout: deadlineMs };
  const open = new Agent({ connections: 2, connect });
  const credentials = async (name: string) => {
    const found = await secrets(name);
    return found === undefined || isFailure(found) ? found : found.credentials;
  };
  const reach = accesses({ open, credentials, connections: 2, connect });

  return {
    async send(receiver, { body, contentType, path }, signal) {
      const { address, secretRef }: Reached = receiver[receiverKind(receiver)] ?? {};
      const access = await reach.of(secretRef?.name, false);
      if (isFailure(access)) return { kind: "again", message: access.message };
      const secret = secretRef === undefined ? undefined : await secrets(secretRef.name);
      const url = receiverAddress((secret === undefined || isFailure(secret) ? undefined : secret.address) ?? address, path);
      if (isFailure(url)) return { kind: "again", message: url.message };
      const headers = access.authorization === undefined ? {} : { authorization: access.authorization };
      return post({ url, body, contentType, headers, dispatcher: access.dispatcher, signal, deadlineMs });
    },
    async close() {
      await reach.close();
      await open.destroy();
    },
  };
}

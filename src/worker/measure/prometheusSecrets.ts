import type { Client } from "../../kube/client.ts";
import type { CredentialsSource } from "../../prometheus/access.ts";
import { parseCredentials } from "../../prometheus/credentials.ts";
import { namedSecrets } from "../namedSecrets.ts";

/** Credentials for Prometheus servers, from Secrets of Serin's own namespace. */
export const prometheusSecrets = (client: Pick<Client, "get">, namespace: string, now: () => number): CredentialsSource =>
  namedSecrets({ client, namespace, now, parse: parseCredentials });

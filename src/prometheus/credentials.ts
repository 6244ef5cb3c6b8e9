import { type Failure, failure } from "./failure.ts";

/** How Serin identifies itself to a Prometheus server, and whom it trusts there. */
export interface Credentials {
  /** Changes when the content does: connections made with the old one are not used any more. */
  readonly version: string;
  /** The header `authorization`. */
  readonly authorization?: string;
  /** PEM. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** The content of a Secret as credentials. The messages name keys and never values. */
export function parseCredentials(name: string, content: Readonly<Record<string, string>>, version: string): Credentials | Failure {
  const say = (what: string): Failure => failure(`Secret ${name}: ${what}`);
  const { username, password, token, "ca.crt": ca, "tls.crt": cert, "tls.key": key } = content;
  if ((username === undefined) !== (password === undefined)) return say("username and password belong together, one is missing");
  if (token !== undefined && username !== undefined) return say("token and username exclude each other: keep one");
  if ((cert === undefined) !== (key === undefined)) return say("tls.crt and tls.key belong together, one is missing");
  if (username?.includes(":")) return say("a username for basic authentication can't contain a colon");
  if (token !== undefined && !/^[\x21-\x7e]+$/.test(token.trim())) return say("the token has characters that a header can't carry");
  const authorization =
    token !== undefined
      ? `Bearer ${token.trim()}`
      : username !== undefined
        ? `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`
        : undefined;
  if (authorization === undefined && ca === undefined && cert === undefined)
    return say("it has none of username and password, token, ca.crt, tls.crt and tls.key");
  return {
    version,
    ...(authorization !== undefined && { authorization }),
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && key !== undefined && { cert, key }),
  };
}

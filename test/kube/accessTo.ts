/** Access to a server of the tests, without credentials. */
import type { Access } from "../../src/kube/access.ts";
import { fixedCredentials } from "../../src/kube/credentials.ts";

export function accessTo(server: string, more: Partial<Access> = {}): Access {
  return {
    server,
    namespace: "default",
    trust: { ca: async () => undefined },
    credentials: fixedCredentials(undefined),
    headers: {},
    ...more,
  };
}

import { issueLeaf, makeAuthority } from "./authority.ts";
import type { ServingCertificate } from "./servingSecret.ts";

const day = 86_400_000;

/** A CA and a certificate of it, for one's own machine; the CA's key is thrown away, so nobody can issue a second one. */
export async function makeServingCertificate(names: readonly string[], now: Date): Promise<Required<ServingCertificate>> {
  const authority = await makeAuthority({ now, notAfter: new Date(now.getTime() + 3650 * day) });
  const leaf = await issueLeaf(authority, names, { now, notAfter: new Date(now.getTime() + 365 * day) });
  return { ...leaf, ca: authority.cert };
}

/** As whom a request counts: kubectl's `--as`, `--as-group` and `--as-uid`, and the fields of a kubeconfig's user. */
export interface Impersonation {
  as?: string | undefined;
  asGroup?: readonly string[] | undefined;
  asUid?: string | undefined;
  asExtra?: Readonly<Record<string, readonly string[]>> | undefined;
}

/**
 * Its headers; none when nobody is impersonated.
 * @throws Error when groups or a uid are of nobody: the API server would overlook them, and the request count as the person's own
 */
export function impersonationHeaders({ as, asGroup = [], asUid, asExtra = {} }: Impersonation): Record<string, string | string[]> {
  if (!as) {
    if (asGroup.length > 0 || asUid) throw new Error("groups or a uid are impersonated and no user: name one with --as");
    return {};
  }
  const typed = [as, asUid ?? "", ...asGroup, ...Object.values(asExtra).flat()];
  const broken = typed.find((each) => /\p{Cc}/u.test(each));
  if (broken !== undefined) throw new Error(`nobody can be called ${JSON.stringify(broken)}`);
  const extra = Object.entries(asExtra).map(([key, values]) => [
    `impersonate-extra-${encodeURIComponent(key.toLowerCase())}`,
    values.map(inHeader),
  ]);
  return {
    "impersonate-user": inHeader(as),
    ...(asGroup.length === 0 ? {} : { "impersonate-group": asGroup.map(inHeader) }),
    ...(asUid ? { "impersonate-uid": inHeader(asUid) } : {}),
    ...Object.fromEntries(extra),
  };
}

/** The API server reads UTF-8; Node writes one byte for each character. */
const inHeader = (text: string): string => Buffer.from(text, "utf8").toString("latin1");

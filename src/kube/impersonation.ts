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
  const extra = Object.entries(asExtra).map(([key, values]) => [`impersonate-extra-${encodeURIComponent(key.toLowerCase())}`, [...values]]);
  return {
    "impersonate-user": as,
    ...(asGroup.length === 0 ? {} : { "impersonate-group": [...asGroup] }),
    ...(asUid ? { "impersonate-uid": asUid } : {}),
    ...Object.fromEntries(extra),
  };
}

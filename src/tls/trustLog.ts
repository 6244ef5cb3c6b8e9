/** What one look at the webhook configuration told: undefined when there is none. */
export interface TrustSeen {
  uid: string;
  /** The server counts each change of the webhooks. */
  generation: number;
  /** Ids that every webhook trusts. */
  everywhere: readonly string[];
}

/**
 * For how long each CA has been trusted, as far as this process has seen it: by the monotonic clock, so that a clock that is set counts for
 * nothing, and from zero after a restart. Where a change may have been missed, it starts from zero too: somebody may have cleared the bundle and
 * put it back.
 */
export function trustLog(monotonic: () => number): (seen: TrustSeen | undefined) => ReadonlyMap<string, number> {
  let last: TrustSeen | undefined;
  let since = new Map<string, number>();
  return (seen) => {
    const now = monotonic();
    const missedNone = seen !== undefined && seen.uid === last?.uid && seen.generation <= last.generation + 1;
    since = new Map((seen?.everywhere ?? []).map((id) => [id, (missedNone ? since.get(id) : undefined) ?? now]));
    last = seen;
    return new Map([...since].map(([id, from]) => [id, now - from]));
  };
}

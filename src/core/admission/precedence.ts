interface Ranked {
  metadata: { name: string };
  spec: { priority: number };
}

/** The highest priority first, then the name in byte order; for policies of every kind. */
export const byPrecedence = (a: Ranked, b: Ranked): number =>
  b.spec.priority - a.spec.priority || Buffer.compare(Buffer.from(a.metadata.name), Buffer.from(b.metadata.name));

import { formatDuration, parseDuration } from "../../api/duration.ts";

/** How long things last, all in milliseconds. */
export interface CertificateTimes {
  /** Life of a CA from its making. Its last third is left for trouble: the next one is made at two thirds. */
  authorityLife: number;
  /** Life of the webhook's certificate, renewed at two thirds too. */
  leafLife: number;
  /** From reading a CA back out of the configuration to the first certificate that it signs: so late the slowest kube-apiserver may hear of it. */
  trustDelay: number;
  /** So far clocks may differ: a CA is trusted so much longer than the last certificate that it signed. */
  margin: number;
  /** So long a key seals the record before the next one does. */
  auditKeyLife: number;
}

/** Every certificate says that it has been valid for so long already: a replica whose clock is behind must not find it unripe. */
export const backDated = 3_600_000;

const day = 86_400_000;

/**
 * CA: a year, so that each cluster rotates it once in 8 months and the path is never left untried; nobody has to care, and 4 months remain to
 * notice that rotation stands still. Leaf: 30 days, so that a key that leaks is of no use for long, and 10 days remain after the renewal that
 * failed (a long holiday). Audit key: 90 days of seals are all that a stolen one can sign anew. Trust delay: kube-apiservers hear of a change within a second, a minute is for one that is just reconnecting.
 */
export const defaultTimes: CertificateTimes = {
  authorityLife: 365 * day,
  leafLife: 30 * day,
  trustDelay: 60_000,
  margin: 3_600_000,
  auditKeyLife: 90 * day,
};

const names: Record<string, keyof CertificateTimes> = {
  ca: "authorityLife",
  leaf: "leafLife",
  trustDelay: "trustDelay",
  margin: "margin",
  auditKey: "auditKeyLife",
};

/**
 * `ca=90d,leaf=7d,trustDelay=60s,margin=1h,auditKey=90d`; what is not named keeps its default.
 * @throws Error that says what is wrong, for a person
 */
export function parseTimes(text: string): CertificateTimes {
  const times = { ...defaultTimes };
  for (const part of text.split(",").filter((one) => one.trim() !== "")) {
    const [name = "", value = ""] = part.split("=").map((one) => one.trim());
    const key = Object.hasOwn(names, name) ? names[name] : undefined;
    if (key === undefined) throw new Error(`"${part}" sets no time: write ${Object.keys(names).join("=…, ")}=…`);
    times[key] = parseDuration(value);
  }
  return checked(times);
}

/** With these two rules no certificate is cut short by its CA's end, and the third CA never comes before the first has left the bundle. */
function checked(times: CertificateTimes): CertificateTimes {
  const { authorityLife, leafLife, trustDelay, margin } = times;
  if (authorityLife < 3 * leafLife) {
    throw new Error(
      `a CA of ${formatDuration(authorityLife)} is too short for certificates of ${formatDuration(leafLife)}: three times is the least`,
    );
  }
  if (leafLife < 1_000 + trustDelay + margin) {
    throw new Error(
      `certificates of ${formatDuration(leafLife)} are too short: trustDelay ${formatDuration(trustDelay)}, margin ${formatDuration(margin)} and a second is the least`,
    );
  }
  return times;
}

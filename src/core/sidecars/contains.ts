/**
 * Whether what is there holds all that was asked for. The API server fills in defaults and other webhooks add to lists, so what is there may be
 * more. Absent, "", false and an empty list or object are the same, since encoders leave them out.
 */
export function contains(present: unknown, asked: unknown): boolean {
  if (isNothing(asked)) return true;
  if (Array.isArray(asked)) return Array.isArray(present) && asked.every((item) => present.some((each) => contains(each, item)));
  if (typeof asked === "object" && asked !== null) {
    if (typeof present !== "object" || present === null || Array.isArray(present)) return false;
    const there = present as Readonly<Record<string, unknown>>;
    return Object.entries(asked).every(([key, value]) => contains(Object.hasOwn(there, key) ? there[key] : undefined, value));
  }
  return present === asked;
}

const isNothing = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  value === "" ||
  value === false ||
  (typeof value === "object" && Object.keys(value).length === 0);

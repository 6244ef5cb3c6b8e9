import type { z } from "zod";

/** What Serin wrote into an annotation. Undefined when there is none, or it is not one of ours: anybody may have written it. */
export function parseAnnotation<T>(schema: z.ZodType<T>, text: string | undefined): T | undefined {
  if (text === undefined) return undefined;
  try {
    const parsed = schema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

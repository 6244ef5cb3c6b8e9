import { z } from "zod";

/** A time and a text in a status, bounded and described. */
export const time = (description: string) => z.string().max(40).describe(description);
export const text = (description: string, max = 2048) => z.string().max(max).describe(description);

import { z } from "zod";

/** A time and a text in a status, bounded and described. */
export const time = (description: string) => z.string().max(40).describe(description);
export const text = (description: string, max = 2048) => z.string().max(max).describe(description);

/** The conditions of a status, as Kubernetes has them. @param types what each type says */
export const conditions = (types: string, description: string) =>
  z
    .array(
      z.strictObject({
        type: text(types, 64),
        status: z.enum(["True", "False", "Unknown"]).describe("Whether it holds."),
        observedGeneration: z.int().optional().describe("The generation that this speaks of."),
        lastTransitionTime: time("When the status last changed."),
        reason: text("The reason in one word.", 128),
        message: text("The reason in a sentence."),
      }),
    )
    .max(16)
    .optional()
    .describe(description);

import { z } from "zod";

/** Where a metric comes from a MetricTemplate. */
export const templateRef = z
  .strictObject({
    name: z.string().min(1).max(253).describe("Name of the MetricTemplate."),
    args: z
      .array(
        z
          .strictObject({
            name: z.string().min(1).max(63).describe("Name of an argument of the template."),
            value: z.string().max(1024).describe('Its value as text, whatever its type: "0.95", 5m. Written literally into the query.'),
          })
          .describe("One argument."),
      )
      .max(20)
      .refine((list) => new Set(list.map(({ name }) => name)).size === list.length, "two values for one argument: each needs its own")
      .optional()
      .meta({
        description: "Values for the template's arguments; they go before its defaults.",
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["name"],
      }),
  })
  .describe(
    "Takes the metric from a MetricTemplate, as it is when the plan starts. What is written beside it goes before what the template says.",
  );
export type TemplateRef = z.infer<typeof templateRef>;

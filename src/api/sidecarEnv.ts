import { z } from "zod";
import { listByKey } from "./byKey.ts";
import { matching, withRules } from "./rule.ts";

/* Variables, for the containers that a policy adds and for the pod's own. No Secret can be named. */

/** Names of objects and prefixes of keys: dots stand alone, and no part starts or ends with a dash. */
const subdomain = "[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*";

/** What kube-apiserver takes as a key of labels and annotations, in brackets. `\x27` is the apostrophe. */
const keyed = `metadata[.](labels|annotations)\\[\\x27(${subdomain}/)?[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?\\x27\\]`;

export const fieldPath = (description: string, pattern: string, says: string) =>
  withRules(z.string().min(1).max(400), { description }, [matching(pattern, says)]);

const fieldRef = z
  .strictObject({
    fieldPath: fieldPath(
      "The pod's field: metadata.name, metadata.namespace, metadata.uid, metadata.labels['key'], metadata.annotations['key'], spec.nodeName, spec.serviceAccountName, status.hostIP, status.hostIPs, status.podIP or status.podIPs.",
      `^(metadata[.](name|namespace|uid)|${keyed}|spec[.](nodeName|serviceAccountName)|status[.](hostIPs?|podIPs?))$`,
      "write a field that pods offer to variables, such as metadata.name, spec.nodeName or status.podIP",
    ),
  })
  .describe("A field of the pod.");

export const configMapName = withRules(z.string().min(1).max(253), { description: "Name of the ConfigMap, in the pod's namespace." }, [
  matching(`^${subdomain}$`, "write the name of a ConfigMap: lower-case letters, digits, '-' and '.'"),
]);
export const configMapKey = withRules(z.string().min(1).max(253), { description: "Key in the ConfigMap." }, [
  matching("^[.]?[-_a-zA-Z0-9][-._a-zA-Z0-9]*$", "write a key of letters, digits, '-', '_' and '.', not two dots first"),
]);
/** True unless written otherwise: a pod of a namespace without the ConfigMap must start all the same. */
export const optional = z.boolean().default(true).describe("true (the default): pods of a namespace that lacks it start all the same.");

const valueFrom = withRules(
  z.strictObject({
    fieldRef: fieldRef.optional(),
    resourceFieldRef: z
      .strictObject({
        resource: z
          .enum([
            "requests.cpu",
            "requests.memory",
            "requests.ephemeral-storage",
            "limits.cpu",
            "limits.memory",
            "limits.ephemeral-storage",
          ])
          .describe("Which amount, of the container that has the variable."),
      })
      .optional()
      .describe("An amount that the container asks for."),
    configMapKeyRef: z
      .strictObject({ name: configMapName, key: configMapKey, optional })
      .optional()
      .describe("A key of a ConfigMap in the pod's namespace."),
  }),
  { description: "Where the value comes from. A Secret can't be named: what the pod doesn't have, a policy doesn't give it." },
  [
    {
      cel: "[has(self.fieldRef), has(self.resourceFieldRef), has(self.configMapKeyRef)].filter(x, x).size() == 1",
      holds: (it) => Object.values(it).filter((each) => each !== undefined).length === 1,
      message: "valueFrom is exactly one of fieldRef, resourceFieldRef or configMapKeyRef",
    },
  ],
);

const variable = withRules(
  z.strictObject({
    name: withRules(z.string().min(1).max(128), { description: "Name of the variable." }, [
      matching("^[a-zA-Z_][a-zA-Z0-9_.-]*$", "write the name of a variable: letters, digits, '_', '.' and '-', no digit first"),
    ]),
    value: z.string().max(4096).optional().describe("The value. $(NAME) stands for an earlier variable of the same container."),
    valueFrom: valueFrom.optional(),
  }),
  { description: "One variable." },
  [
    {
      cel: "!(has(self.value) && has(self.valueFrom))",
      holds: (it) => it.value === undefined || it.valueFrom === undefined,
      message: "a variable has a value or a valueFrom, not both",
    },
  ],
);

export const env = (description: string) => listByKey(variable, ["name"], 32, description);

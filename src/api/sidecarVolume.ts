import { z } from "zod";
import { listByKey } from "./byKey.ts";
import { quantityPattern } from "./quantity.ts";
import { matching, withRules } from "./rule.ts";
import { configMapKey, configMapName, fieldPath, optional } from "./sidecarEnv.ts";

/*
 * What a policy's containers may mount. Each kind is one that PodSecurity *restricted* admits (`restrictedVolumes_1_0` in
 * k8s.io/pod-security-admission/policy), and none gives the pod what it doesn't have: no hostPath, no Secret, no claim, no token of a
 * ServiceAccount, no driver.
 */

/** As containers and volumes are called. */
export const isDnsLabel = matching("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "write a name of lower-case letters, digits and '-'");
export const dnsLabel = (description: string) => withRules(z.string().min(1).max(63), { description }, [isDnsLabel]);

/** A pod with an absolute path there, or one that climbs, is refused. */
export const isRelativePath = matching("^[^/.][^/]*(/[^/.][^/]*)*$", "write a relative path in which no part starts with a dot");

const filePath = withRules(z.string().min(1).max(253), { description: "File below the mount's path, such as `agent.yaml`." }, [
  isRelativePath,
]);

const items = listByKey(
  z.strictObject({ key: configMapKey, path: filePath }).describe("One key as a file."),
  ["path"],
  32,
  "Which keys become files. All, when absent.",
).optional();

const downwardItems = listByKey(
  z
    .strictObject({
      path: filePath,
      fieldRef: z
        .strictObject({
          fieldPath: fieldPath(
            "metadata.name, metadata.namespace, metadata.uid, metadata.labels or metadata.annotations.",
            "^metadata[.](name|namespace|uid|labels|annotations)$",
            "write metadata.name, metadata.namespace, metadata.uid, metadata.labels or metadata.annotations",
          ),
        })
        .describe("A field of the pod."),
    })
    .describe("One field as a file."),
  ["path"],
  16,
  "Which fields become files.",
  1,
);

const source = withRules(
  z.strictObject({
    configMap: z.strictObject({ name: configMapName, items, optional }).optional().describe("A ConfigMap of the pod's namespace."),
    downwardAPI: z.strictObject({ items: downwardItems }).optional().describe("Fields of the pod."),
  }),
  { description: "One source. Exactly one of configMap and downwardAPI." },
  [
    {
      cel: "has(self.configMap) != has(self.downwardAPI)",
      holds: (it) => (it.configMap === undefined) !== (it.downwardAPI === undefined),
      message:
        "a source is exactly one of configMap or downwardAPI; a token of a ServiceAccount and a Secret can't be given to a pod by a policy",
    },
  ],
);

const volume = withRules(
  z.strictObject({
    name: dnsLabel("Name of the volume. A pod that has another volume of this name is left as it is, with a warning."),
    emptyDir: z
      .strictObject({
        medium: z.enum(["", "Memory"]).optional().describe("\"\" (the default): the node's disk. Memory: counts against the pod's memory."),
        sizeLimit: withRules(z.string().min(1).max(24), { description: "How much may be in it, such as 64Mi." }, [
          matching(quantityPattern, "write an amount such as 64Mi"),
        ]).optional(),
      })
      .optional()
      .describe("An empty folder that lives as long as the pod."),
    configMap: z.strictObject({ name: configMapName, items, optional }).optional().describe("A ConfigMap of the pod's namespace."),
    downwardAPI: z.strictObject({ items: downwardItems }).optional().describe("Fields of the pod as files."),
    projected: z
      .strictObject({ sources: z.array(source).min(1).max(8).describe("The sources.") })
      .optional()
      .describe("Several sources in one folder."),
  }),
  { description: "One volume. Exactly one of emptyDir, configMap, downwardAPI and projected." },
  [
    {
      cel: "[has(self.emptyDir), has(self.configMap), has(self.downwardAPI), has(self.projected)].filter(x, x).size() == 1",
      holds: ({ name: _, ...kinds }) => Object.values(kinds).filter((each) => each !== undefined).length === 1,
      message:
        "a volume is exactly one of emptyDir, configMap, downwardAPI or projected; a policy gives no pod a host path, a Secret or a claim",
    },
  ],
);

export const volumes = listByKey(
  volume,
  ["name"],
  16,
  "Volumes that are added to the pod together with the containers that mount them. A container may also mount a volume that the pod itself has.",
);

import { z } from "zod";
import { listByKey } from "./byKey.ts";
import { istio } from "./names.ts";
import { quantityOf, quantityPattern } from "./quantity.ts";
import { matching, type Rule, withRules } from "./rule.ts";
import { env } from "./sidecarEnv.ts";
import { probe } from "./sidecarProbe.ts";
import { securityContext } from "./sidecarSecurity.ts";
import { dnsLabel, isDnsLabel, isRelativePath } from "./sidecarVolume.ts";

/* One container that a policy adds: the part of Kubernetes' Container that is safe to add to any pod. What a pod's own validation would refuse, is refused here. */

const words = (description: string) =>
  z.array(z.string().max(4096).describe("One word; no shell is in between.")).max(64).optional().describe(description);

const port = z
  .strictObject({
    name: withRules(z.string().min(1).max(15), { description: "Name of the port, unique in its container." }, [
      matching(
        "^([a-z0-9]+-)*[a-z0-9]*[a-z][a-z0-9]*(-[a-z0-9]+)*$",
        "write a name of lower-case letters, digits and '-', with a letter in it",
      ),
    ]).optional(),
    containerPort: z.int().min(1).max(65_535).describe("Number of the port."),
    protocol: z.enum(["TCP", "UDP", "SCTP"]).default("TCP").describe("The protocol."),
  })
  .describe("One port. There is no hostPort: two pods of a node would be in each other's way.");

const portNames: Rule<Array<z.output<typeof port>>> = {
  cel: "self.all(p, !has(p.name) || self.exists_one(q, has(q.name) && q.name == p.name))",
  holds: (ports) => {
    const names = ports.flatMap(({ name }) => (name === undefined ? [] : [name]));
    return new Set(names).size === names.length;
  },
  message: "two ports of a container have the same name",
};

const mount = z
  .strictObject({
    name: dnsLabel("Name of a volume of this policy, or of one that the pod itself has."),
    mountPath: withRules(
      z.string().min(1).max(512),
      {
        description:
          "Where. A mount at /var/run/secrets/kubernetes.io/serviceaccount keeps Kubernetes from mounting the token of the pod's ServiceAccount there, as it does for every container.",
      },
      [matching("^/[^:]*$", "write an absolute path without a colon")],
    ),
    subPath: withRules(z.string().min(1).max(512), { description: "Only this part of the volume." }, [isRelativePath]).optional(),
    readOnly: z.boolean().optional().describe("Whether the container can't write there."),
  })
  .describe("One mount.");

const amount = (description: string) =>
  withRules(z.string().min(1).max(24), { description }, [
    matching(quantityPattern, 'write an amount such as 100m, "1" or 64Mi'),
  ]).optional();
const amounts = (description: string) =>
  z
    .strictObject({ cpu: amount("Processors."), memory: amount("Memory."), "ephemeral-storage": amount("Disk.") })
    .optional()
    .describe(description);

const kinds = ["cpu", "memory", "ephemeral-storage"] as const;
/** How CEL spells a member: `-` becomes `__dash__`. */
const celMember = (kind: string): string => kind.replaceAll("-", "__dash__");

const resources = withRules(
  z.strictObject({
    requests: amounts("What the scheduler reserves."),
    limits: amounts("What it may take at most."),
  }),
  {
    description:
      "What the container needs. Write requests and limits: where a ResourceQuota counts them, a container without them keeps the pod from being made, and a LimitRange holds for it too. In a pod with resources for the pod as a whole, the container shares those and this is left out.",
  },
  kinds.map((kind) => {
    const [request, limit] = ["requests", "limits"].map((side) => `self.${side}.${celMember(kind)}`);
    return {
      cel: `!has(self.requests) || !has(self.limits) || !has(${request}) || !has(${limit}) || quantity(${request}).compareTo(quantity(${limit})) <= 0`,
      holds: ({ requests, limits }) => {
        const [asked, most] = [requests?.[kind], limits?.[kind]];
        return asked === undefined || most === undefined || (quantityOf(asked) ?? 0) <= (quantityOf(most) ?? 0);
      },
      message: `requests.${kind} is above limits.${kind}`,
    };
  }),
);

const isIstios = (name: string): boolean => (istio.containers as readonly string[]).includes(name);

const container = z.strictObject({
  name: withRules(
    z.string().min(1).max(63),
    { description: "Name of the container. A pod that has another container of this name is left as it is, with a warning." },
    [
      isDnsLabel,
      {
        cel: `!(self in [${istio.containers.map((name) => `'${name}'`).join(", ")}])`,
        holds: (name) => !isIstios(name),
        message: "this is a container of Istio's injector: ask for it with spec.istio",
      },
    ],
  ),
  as: z
    .enum(["Native", "Container"])
    .default("Native")
    .describe(
      "Native: an init container with restartPolicy Always, first of all (after Istio's), which starts before the pod's own containers and ends after them. Container: beside them. In a pod that is to end by itself (restartPolicy Never or OnFailure, as every Job's) a Container would keep it alive, so it becomes Native there, with a warning.",
    ),
  image: withRules(z.string().min(1).max(512), { description: "The image. By digest it stays the same whoever moves the tag." }, [
    matching("^[!-~]+$", "write an image without spaces"),
  ]),
  imagePullPolicy: z
    .enum(["Always", "IfNotPresent", "Never"])
    .optional()
    .describe("When the image is pulled. As Kubernetes has it unless written."),
  command: words("Instead of the image's entrypoint."),
  args: words("Arguments to the entrypoint."),
  workingDir: z.string().min(1).max(512).optional().describe("The working directory."),
  ports: withRules(listByKey(port, ["containerPort", "protocol"], 16, "Ports, for information and for names."), {}, [portNames]).optional(),
  env: env("Variables of this container.").optional(),
  resources: resources.optional(),
  volumeMounts: listByKey(mount, ["mountPath"], 16, "Mounts of this container.").optional(),
  startupProbe: probe("When it has started; native sidecars and the pod's own containers after it wait for this.").optional(),
  livenessProbe: probe("When it is to be restarted.").optional(),
  readinessProbe: probe("When it counts as ready. An unready sidecar takes the whole pod out of its Services.").optional(),
  securityContext: securityContext.optional(),
});

export const containers = listByKey(container, ["name"], 8, "Containers that are added to each matching pod.");

export type SidecarContainer = z.output<typeof container>;

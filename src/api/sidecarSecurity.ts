import { z } from "zod";
import { type Rule, withRules } from "./rule.ts";
import type { SidecarContainer } from "./sidecarContainer.ts";
import { isRelativePath } from "./sidecarVolume.ts";

/*
 * What an added container may do. The rules are those of PodSecurity *restricted* as far as the schema lets a policy write anything about them:
 * k8s.io/pod-security-admission/policy, check_privileged, check_allowPrivilegeEscalation (1.8), check_capabilities_restricted (1.22),
 * check_runAsNonRoot (1.0), check_runAsUser (1.23), check_seccompProfile_restricted (1.19). What the schema has no field for can't be asked at all:
 * hostPort, a probe's host (1.34), SELinux, AppArmor, procMount, sysctls, Windows' options, lifecycle handlers.
 */

const id = (description: string) => z.int().min(0).max(2_147_483_647).optional().describe(description);

const capability = withRules(z.string().min(1).max(64), { description: "Name of a capability, without CAP_." }, [
  {
    cel: "self.matches('^[A-Z][A-Z0-9_]*$') && !self.startsWith('CAP_')",
    holds: (name) => /^[A-Z][A-Z0-9_]*$/.test(name) && !name.startsWith("CAP_"),
    message: "write a capability such as NET_BIND_SERVICE, without CAP_",
  },
]);
const capabilities = (description: string) => z.array(capability).max(40).optional().describe(description);

const seccompProfile = withRules(
  z.strictObject({
    type: z.enum(["RuntimeDefault", "Localhost", "Unconfined"]).describe("With security: Restricted Unconfined is refused."),
    localhostProfile: withRules(
      z.string().min(1).max(253),
      {
        description: "File of the profile, for Localhost: below the kubelet's own folder for them (seccomp), such as profiles/tracer.json.",
      },
      [isRelativePath],
    ).optional(),
  }),
  { description: "RuntimeDefault unless written." },
  [
    {
      cel: "(self.type == 'Localhost') == has(self.localhostProfile)",
      holds: ({ type, localhostProfile }) => (type === "Localhost") === (localhostProfile !== undefined),
      message: "type Localhost needs a localhostProfile, the others have none",
    },
  ],
);

export const securityContext = withRules(
  z.strictObject({
    runAsUser: id("Number of the user. Of an image whose own user is root, one must be written: runAsNonRoot keeps it from starting."),
    runAsGroup: id("Number of the group."),
    runAsNonRoot: z.boolean().optional().describe("With security: Restricted true, and false is refused."),
    readOnlyRootFilesystem: z.boolean().optional().describe("Whether the image's files can't be written. false when absent."),
    allowPrivilegeEscalation: z.boolean().optional().describe("With security: Restricted false, and true is refused."),
    privileged: z.boolean().optional().describe("With security: Restricted true is refused."),
    capabilities: z
      .strictObject({
        add: capabilities("With security: Restricted nothing but NET_BIND_SERVICE."),
        drop: capabilities("With security: Restricted ALL is always among them."),
      })
      .optional()
      .describe("Linux capabilities."),
    seccompProfile: seccompProfile.optional(),
  }),
  {
    description:
      "What the container may do. With security: Restricted, what is not written is filled in as PodSecurity restricted asks for it.",
  },
  [
    {
      cel: "!(has(self.allowPrivilegeEscalation) && !self.allowPrivilegeEscalation && has(self.privileged) && self.privileged)",
      holds: ({ allowPrivilegeEscalation, privileged }) => !(allowPrivilegeEscalation === false && privileged === true),
      message: "privileged: true and allowPrivilegeEscalation: false contradict each other, and Kubernetes refuses pods with both",
    },
  ],
);

interface Secured {
  security: "Restricted" | "AsWritten";
  containers?: readonly SidecarContainer[] | undefined;
}
type Context = NonNullable<SidecarContainer["securityContext"]>;

const otherwise = "PodSecurity restricted would refuse the pod; who means it writes security: AsWritten";

/** @param isFine of a container `c` that has a securityContext, in CEL and in TypeScript */
const rule = (message: string, isFine: string, holds: (context: Context) => boolean): Rule<Secured> => ({
  cel: `self.security != 'Restricted' || !has(self.containers) || self.containers.all(c, !has(c.securityContext) || ${isFine})`,
  holds: ({ security, containers = [] }) =>
    security !== "Restricted" ||
    containers.every((container) => container.securityContext === undefined || holds(container.securityContext)),
  message: `${message}: ${otherwise}`,
});

/** With `security: Restricted` (the default), what PodSecurity *restricted* would refuse is refused when the policy is written. */
export const restrictedRules: ReadonlyArray<Rule<Secured>> = [
  rule(
    "containers may not be privileged",
    "!has(c.securityContext.privileged) || !c.securityContext.privileged",
    ({ privileged }) => privileged !== true,
  ),
  rule(
    "containers may not have allowPrivilegeEscalation: true",
    "!has(c.securityContext.allowPrivilegeEscalation) || !c.securityContext.allowPrivilegeEscalation",
    ({ allowPrivilegeEscalation }) => allowPrivilegeEscalation !== true,
  ),
  rule(
    "containers may add no capability but NET_BIND_SERVICE",
    "!has(c.securityContext.capabilities) || !has(c.securityContext.capabilities.add) || c.securityContext.capabilities.add.all(a, a == 'NET_BIND_SERVICE')",
    ({ capabilities: asked }) => (asked?.add ?? []).every((added) => added === "NET_BIND_SERVICE"),
  ),
  rule(
    "containers may not have runAsNonRoot: false",
    "!has(c.securityContext.runAsNonRoot) || c.securityContext.runAsNonRoot",
    ({ runAsNonRoot }) => runAsNonRoot !== false,
  ),
  rule(
    "containers may not run as user 0",
    "!has(c.securityContext.runAsUser) || c.securityContext.runAsUser != 0",
    ({ runAsUser }) => runAsUser !== 0,
  ),
  rule(
    "containers may not have seccompProfile Unconfined",
    "!has(c.securityContext.seccompProfile) || c.securityContext.seccompProfile.type != 'Unconfined'",
    (context) => context.seccompProfile?.type !== "Unconfined",
  ),
];

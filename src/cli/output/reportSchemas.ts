import { z } from "zod";
import { apiVersion } from "../../api/names.ts";

/* What the verbs print that look at more than canaries. As in schemas.ts: fields are only ever added, and only types are used at run time. */

const time = z.string().describe("RFC 3339.");
const kind = <Name extends string>(name: Name) => ({ apiVersion: z.literal(apiVersion), kind: z.literal(name) });
const subject = z.strictObject({ namespace: z.string(), name: z.string() });

export const explanation = z
  .strictObject({
    ...kind("Explanation"),
    deployment: subject,
    changes: z.array(
      z.strictObject({
        containers: z.array(z.strictObject({ container: z.string(), image: z.string(), to: z.string().optional() })),
        policy: z
          .strictObject({ name: z.string(), priority: z.int(), steps: z.array(z.string()), analysis: z.string().optional() })
          .optional()
          .describe("Absent: no policy applies."),
        decision: z.string().describe("What admission would answer: Held, Bypassed, Denied and so on."),
        reason: z.string(),
        message: z.string(),
        notes: z.array(z.string()),
        others: z.array(z.strictObject({ name: z.string(), why: z.string() })).describe("Why the other policies don't apply."),
        ways: z
          .array(z.strictObject({ way: z.string(), by: z.string(), message: z.string() }))
          .describe("The ways in to the pods, and how traffic would be divided there; only where a canary would begin."),
      }),
    ),
  })
  .describe("explain: which policy an image change would meet, and why not the others.");

export const templateDiff = z
  .strictObject({
    ...kind("TemplateDiff"),
    namespace: z.string(),
    name: z.string(),
    plan: z.string().optional(),
    from: z.string().optional().describe("Whose template is on the left: stable, in words. Absent, and so is to: no change is under way."),
    to: z.string().optional(),
    images: z.array(z.strictObject({ container: z.string(), before: z.string().optional(), after: z.string().optional() })),
    lines: z.array(z.string()).describe("A unified diff of the pod templates as YAML; empty: they are the same."),
  })
  .describe("diff: what a plan changes.");

export const lintReport = z
  .strictObject({
    ...kind("LintReport"),
    findings: z.array(
      z.strictObject({
        file: z.string(),
        line: z.int(),
        column: z.int(),
        level: z.enum(["error", "warning"]),
        rule: z.string(),
        object: z.string(),
        message: z.string(),
      }),
    ),
  })
  .describe("lint: what would not work as written.");

export const doctorReport = z
  .strictObject({
    ...kind("DoctorReport"),
    findings: z.array(
      z.strictObject({
        code: z.string().describe("Stays the same from release to release."),
        level: z.enum(["ok", "warning", "problem", "unknown", "skipped"]),
        finding: z.string(),
        fix: z.string().optional(),
      }),
    ),
  })
  .describe("doctor: how Serin itself is.");

export const versionReport = z
  .strictObject({ ...kind("Version"), client: z.string(), kubernetes: z.string().optional(), server: z.string().optional() })
  .describe("version.");

const tally = z.looseObject({ requests: z.number(), bad: z.number() });

export const simulation = z
  .strictObject({
    ...kind("Simulation"),
    policy: z.string(),
    deployment: z.strictObject({ namespace: z.string(), name: z.string(), canary: z.string(), stable: z.string(), found: z.string() }),
    from: time,
    to: time,
    ending: z.enum(["Promoted", "RolledBack", "Paused", "Unfinished"]),
    at: time,
    weight: z.number(),
    step: z.int(),
    steps: z.int(),
    message: z.string(),
    requests: z.union([z.strictObject({ untilEnd: tally, untilTo: tally }), z.strictObject({ why: z.string() })]),
    events: z.array(z.strictObject({ at: time, step: z.int(), weight: z.number(), message: z.string() })),
  })
  .describe("simulate: what the analysis would have said of the past.");

export const sidecarReport = z
  .strictObject({
    ...kind("SidecarReport"),
    policies: z.array(
      z.strictObject({
        name: z.string(),
        enforcement: z.string(),
        track: z.string(),
        suspended: z.boolean(),
        matched: z.int(),
        carrying: z.int(),
        missing: z.int(),
      }),
    ),
    unusable: z.array(z.strictObject({ name: z.string(), why: z.string() })),
    pods: z.array(
      z.strictObject({
        namespace: z.string(),
        name: z.string(),
        owner: z.strictObject({ kind: z.string(), name: z.string() }).optional(),
        createdAt: z.string(),
        policy: z.string(),
        standing: z.enum(["Carrying", "Missing"]),
        lacks: z.array(z.strictObject({ what: z.string(), reason: z.string(), message: z.string(), repairable: z.boolean() })),
      }),
    ),
  })
  .describe("sidecars: which pods carry what SidecarPolicies ask for.");

const auditFinding = z.strictObject({
  code: z.string(),
  plan: z.string().optional(),
  seal: z.int().optional(),
  entry: z.int().optional(),
  message: z.string(),
});

export const auditVerification = z
  .strictObject({
    ...kind("AuditVerification"),
    findings: z.array(auditFinding),
    unchecked: z.array(z.string()),
    notes: z.array(z.string()),
    counts: z.strictObject({ plans: z.int(), sealed: z.int(), live: z.int(), entries: z.int() }),
    root: z.string().optional(),
  })
  .describe("audit verify.");

export const auditRows = z
  .array(
    z.strictObject({
      at: time,
      namespace: z.string(),
      deployment: z.string(),
      outcome: z.string().describe("The plan's phase, or Denied."),
      user: z.string(),
      tool: z.string(),
      before: z.array(z.string()),
      after: z.array(z.string()),
      policy: z.string(),
      decisions: z.array(z.string()),
      reason: z.string(),
      message: z.string(),
      finishedAt: time.optional(),
      plan: z.string().optional(),
      seal: z.int().optional(),
      request: z.string().optional(),
    }),
  )
  .describe("audit: one for each change.");

export type TemplateDiff = z.infer<typeof templateDiff>;
export type LintReport = z.infer<typeof lintReport>;
export type DoctorReport = z.infer<typeof doctorReport>;
export type VersionReport = z.infer<typeof versionReport>;
export type AuditVerification = z.infer<typeof auditVerification>;

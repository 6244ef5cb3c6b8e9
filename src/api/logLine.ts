import { z } from "zod";

/*
 * The one shape of all that webhook, worker and certs write to standard output: a JSON object a line. Fields are only ever added. `make generate` writes it
 * as JSON Schema to logLine.schema.json beside this file; only the tests parse by it.
 */

export const components = ["webhook", "worker", "certs"] as const;
export type Component = (typeof components)[number];

const always = {
  time: z.iso.datetime().describe("When, UTC, with milliseconds."),
  level: z
    .enum(["debug", "info", "warn", "error", "fatal"])
    .describe(
      "error: a person should look; warn: it is tried again, or somebody went past Serin; info: a decision; debug: off by default.",
    ),
  component: z.enum(components).describe("Which program."),
  instance: z.string().describe("Which replica: the pod's name."),
  msg: z.string().describe("A sentence. Of a decision the very one that the plan's journal, the Event and kubectl's error have."),
};

const text = (what: string) => z.string().optional().describe(what);
const number = (what: string) => z.number().optional().describe(what);

const about = {
  namespace: text("Of the object that it is about."),
  name: text("Of the object that it is about."),
  kind: text("Group and kind of a reviewed object: apps/Deployment."),
  plan: text("Name of the CanaryPlan, in `namespace`."),
  policy: text("Name of the CanaryPolicy."),
  reason: text("CamelCase, of Serin's catalogues; the same as in the journal, the Events and the audit annotations."),
};

const request = {
  request: text("uid of the admission request, which kube-apiserver's audit annotations and the plan have, too."),
  user: text("Who asked."),
  fieldManager: text("With which tool."),
  dryRun: z.boolean().optional(),
  decision: text("What admission did: Held, Bypassed, Denied, Stamped and so on."),
  operations: number("How many operations its patch has."),
  ms: number("Milliseconds from the whole request to its answer."),
};

const plan = {
  phase: text("Of the plan."),
  step: number("Counts from 0."),
  weight: number("Percent for the canary that are wanted."),
  observed: number("Percent of the requests that the canary had."),
  action: text("What is about to be carried out."),
  outcome: text("Of a plan that was sealed."),
  seal: number("Number of the seal."),
  hash: text("SHA-256 of the seal: an anchor of the record outside of the cluster."),
  signedBy: text("Name of the key that sealed."),
};

const running = {
  key: text("What was looked at: namespace/name, or a policy."),
  times: number("How often in a row."),
  resource: text("Plural of a kind that is read."),
  retryInMs: number("Milliseconds until it is tried again."),
  epoch: number("How often the lead has changed hands."),
  receiver: text("Name of a receiver of the policy's notifications; never its address."),
  trigger: text("What it was to be told."),
  left: number("How many objects still keep a worker that is leaving."),
  certificate: text("The beginning of its fingerprint."),
  until: text("When it ends."),
  secret: text("Name of a Secret; never anything of what is in it."),
  keys: text("What was done to the keys that seal."),
  why: text("Why a certificate is not taken."),
  actions: z.array(z.string()).optional().describe("What the certs process does."),
  mode: text("own or provided."),
  lives: z.record(z.string(), z.number()).optional().describe("Lives of certificates and keys, milliseconds."),
  listen: z.unknown().optional().describe("Where reviews are answered."),
  health: z.unknown().optional().describe("Where /metrics and probes are answered."),
  err: z
    .looseObject({ type: z.string(), message: z.string(), stack: z.string() })
    .optional()
    .describe("An error: its type, message and stack, and its own fields such as `code` and `reason` of the API server."),
};

export const logLine = z.strictObject({ ...always, ...about, ...request, ...plan, ...running });
export type LogLine = z.infer<typeof logLine>;

/** What one call adds to a line; the rest is the process's own. */
type LogFields = { [Field in Exclude<keyof LogLine, keyof typeof always | "err">]?: LogLine[Field] | undefined } & { err?: unknown };

type Write = (fields: LogFields, msg: string) => void;

/** A pino logger, by whose type no line gets a field that the schema does not know. */
export type Log = Readonly<Record<LogLine["level"], Write>> & { isLevelEnabled(level: LogLine["level"]): boolean };

/** The text of logLine.schema.json. */
export const logSchemaText = (): string =>
  `${JSON.stringify({ title: "A line of the log of Serin's webhook, worker or certs process", ...z.toJSONSchema(logLine) }, undefined, 2)}\n`;

import picocolors from "picocolors";
import { stringify } from "yaml";
import { apiVersion } from "../../api/names.ts";
import type { PodTemplate } from "../../api/template.ts";
import { ApiError } from "../../kube/apiError.ts";
import type { ReplicaSet } from "../../kube/object.ts";
import { resources } from "../../kube/resources.ts";
import type { ConnectOptions } from "../connected.ts";
import { type Subject, withSubject } from "../control/subject.ts";
import { printable } from "../cut.ts";
import { wantsColor } from "../get/get.ts";
import type { Io } from "../io.ts";
import { selectorInWords } from "../lookUp.ts";
import { formatOf, isForPeople, printObject, structured } from "../output/format.ts";
import type { TemplateDiff } from "../output/reportSchemas.ts";
import { tell } from "../tell.ts";
import { UserError } from "../userError.ts";
import { codes } from "./codes.ts";
import { type Sides, sidesOf } from "./sides.ts";
import { unified } from "./unified.ts";

export interface DiffOptions extends ConnectOptions {
  color: boolean;
  output?: string;
}

/** `kubectl serin diff deploy/NAME` or `plan NAME`: the pod template that serves against the one that was asked for. */
export async function diff(io: Io, words: readonly string[], options: DiffOptions): Promise<number> {
  try {
    return await compare(io, words, options);
  } catch (error) {
    // 1 would say that there is a difference.
    const code = tell(error, io);
    return error instanceof UserError || error instanceof ApiError ? codes.trouble : code;
  }
}

async function compare(io: Io, words: readonly string[], options: DiffOptions): Promise<number> {
  const format = formatOf(options.output, structured);
  return withSubject(io, words, options, "diff", async (subject) => {
    const { name, namespace, plan, typed } = subject;
    const sides = sidesOf(subject, await setsOf(subject));
    if (sides === undefined) {
      const last = plan === undefined ? "" : `; what the last plan changed: kubectl serin diff plan ${plan.metadata.name} -n ${namespace}`;
      if (isForPeople(format)) io.err(`no change of ${name} is under way${last}\n`);
      else printObject(io, format, { apiVersion, kind: "TemplateDiff", namespace, name, images: [], lines: [] } satisfies TemplateDiff, []);
      return codes.same;
    }
    if ("gone" in sides)
      throw new UserError({
        what: `can't diff ${typed}`,
        why: `${sides.gone} is gone, and its template with it`,
        todo: "the plan still has the images: kubectl serin history; more revisions are kept by the Deployment's revisionHistoryLimit",
      });
    const found = diffOf(subject, sides);
    if (!isForPeople(format)) printObject(io, format, found, []);
    else io.out(linesOf(found, options.color && wantsColor(io)));
    return found.lines.length === 0 ? codes.same : codes.different;
  });
}

async function setsOf({ cluster, namespace, deployment }: Subject): Promise<ReplicaSet[]> {
  const labelSelector = selectorInWords(deployment?.spec?.selector);
  return deployment === undefined ? [] : (await cluster.client.list<ReplicaSet>(resources.replicasets, { namespace, labelSelector })).items;
}

function diffOf({ name, namespace, plan }: Subject, { from, to }: Exclude<Sides, { gone: string }>): TemplateDiff {
  const [before, after] = [imagesIn(from.template), imagesIn(to.template)];
  const images = [...new Set([...before.keys(), ...after.keys()])]
    .filter((container) => before.get(container) !== after.get(container))
    .map((container) => {
      const [old, made] = [before.get(container), after.get(container)];
      return { container, ...(old === undefined ? {} : { before: old }), ...(made === undefined ? {} : { after: made }) };
    });
  const lines = unified(yamlOf(from.template), yamlOf(to.template));
  const of = plan === undefined ? {} : { plan: plan.metadata.name };
  return { apiVersion, kind: "TemplateDiff", namespace, name, ...of, from: from.is, to: to.is, images, lines };
}

const imagesIn = ({ spec }: PodTemplate): Map<string, string> =>
  new Map([...(spec.initContainers ?? []), ...spec.containers].map(({ name, image = "" }) => [name, image]));

const yamlOf = (template: PodTemplate): string[] => stringify(template, { lineWidth: 0, sortMapEntries: true }).trimEnd().split("\n");

/** What diff -u prints, after one line for each image that changes. */
function linesOf({ from = "", to = "", images, lines }: TemplateDiff, isColored: boolean): string {
  const { bold, cyan, green, red } = picocolors.createColors(isColored);
  const paint = (line: string): string => {
    if (line.startsWith("@@")) return cyan(line);
    return line.startsWith("-") ? red(line) : line.startsWith("+") ? green(line) : line;
  };
  const changed = images.map(({ container, before = "none", after = "none" }) => bold(printable(`# ${container}: ${before} → ${after}`)));
  const head = lines.length === 0 ? [] : [bold(`--- ${from}`), bold(`+++ ${to}`)];
  return [...changed, ...head, ...lines.map((line) => paint(printable(line)))].map((line) => `${line}\n`).join("");
}

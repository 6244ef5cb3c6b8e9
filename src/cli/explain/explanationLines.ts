import { printable } from "../cut.ts";
import type { Explanation } from "./explanation.ts";

type Change = Explanation["changes"][number];

/** One block for each change, as wide as its longest sentence: it is read once, and often piped. */
export function explanationLines({ deployment, changes }: Explanation): string[] {
  const blocks = changes.map((change) => [
    ...labelled("Deployment", [`${deployment.name} in ${deployment.namespace}`]),
    ...labelled("Change", change.containers.map(changeInWords)),
    ...labelled("Policy", [policyInWords(change)]),
    ...labelled("Steps", change.policy ? [change.policy.steps.join(" → ")] : []),
    ...labelled("Analysis", change.policy?.analysis === undefined ? [] : [change.policy.analysis]),
    ...labelled("Answer", [`${change.reason}: ${change.message}`, ...change.notes]),
    ...labelled("Ways in", inColumns(change.ways.map(({ by, message }) => [divided[by] ?? by, message]))),
    ...labelled("Not applied", inColumns(change.others.map(({ name, why }) => [name, why]))),
  ]);
  return blocks.flatMap((block, index) => (index === 0 ? block : ["", ...block])).map(printable);
}

const divided: Record<string, string> = { split: "by weight", podCount: "by pods", none: "not at all" };

const changeInWords = ({ container, image, to }: Change["containers"][number]): string =>
  `${container}: ${image} → ${to ?? "another image"}`;

const policyInWords = ({ policy, others }: Change): string => {
  if (policy) return `${policy.name} (priority ${policy.priority})`;
  return others.length === 0 ? "none: there is no CanaryPolicy" : "none applies";
};

/** `Label:` before the first line, blanks before the others. */
const labelled = (label: string, lines: readonly string[]): string[] =>
  lines.map((line, index) => `${(index === 0 ? `${label}:` : "").padEnd(13)}${line}`);

function inColumns(rows: ReadonlyArray<readonly [string, string]>): string[] {
  const width = Math.max(0, ...rows.map(([first]) => first.length));
  return rows.map(([first, second]) => `${first.padEnd(width)}  ${second}`);
}

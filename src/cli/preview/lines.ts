import { printable } from "../cut.ts";
import type { PolicyPreview } from "../output/schemas.ts";
import { table } from "../table.ts";

type Row = PolicyPreview["deployments"][number];

/** One line for each Deployment that a policy of the file is for, then what is in the way, and how many there are. */
export function previewLines(
  { policies, deployments }: PolicyPreview,
  { everywhere, looked, wide }: { everywhere: boolean; looked: number; wide: boolean },
): string {
  const titles = ["NAMESPACE", "DEPLOYMENT", "CONTAINERS", "POLICY", "ANSWER", "BY", "STEPS"];
  const left = new Set([...(everywhere ? [] : ["NAMESPACE"]), ...(wide ? [] : ["STEPS"])]);
  const rows = [titles, ...deployments.map(cellsOf)].map((cells) => cells.filter((_, index) => !left.has(titles[index] ?? "")));
  const problems = deployments.flatMap(({ namespace, name, problems: of }) =>
    of.map((problem) => `${everywhere ? `${namespace}/` : ""}${name}: ${problem}`),
  );
  const caught = new Set(deployments.filter(({ decision }) => decision === "Held").map(({ namespace, name }) => `${namespace}/${name}`));
  const suspended = policies.filter((policy) => policy.suspended).map(({ name }) => `policy ${name} is suspended: it catches nothing`);
  return [
    ...(deployments.length === 0 ? [] : [...table(rows), ""]),
    ...problems,
    ...suspended,
    ...policies.flatMap(({ name, metrics }) =>
      metrics.length === 0 ? [`policy ${name} has no analysis all along: its steps go by time alone`] : [],
    ),
    `${caught.size} of ${looked} ${looked === 1 ? "Deployment" : "Deployments"} would get a canary of the next image change`,
  ]
    .map((line) => `${printable(line)}\n`)
    .join("");
}

function cellsOf({ namespace, name, containers, policy, decision, reason, ways, steps }: Row): string[] {
  const by = [...new Set(ways.map((way) => byWords[way.by] ?? way.by))].join(", ");
  return [namespace, name, containers.map(({ container }) => container).join(","), policy, `${decision}: ${reason}`, by, steps.join(" → ")];
}

const byWords: Record<string, string> = { split: "weight", podCount: "pod count", none: "nothing" };

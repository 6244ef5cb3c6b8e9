import type { ReviewedDeployment } from "../../core/admission/deploymentReview.ts";
import { foresee, withImages } from "../../core/admission/foresee.ts";
import { imagesByContainer } from "../../core/admission/images.ts";
import { type ConnectOptions, connected } from "../connected.ts";
import type { Io } from "../io.ts";
import { type Around, lookAround } from "../lookAround.ts";
import { formatOf, isForPeople, printObject } from "../output/format.ts";
import { deploymentNamed } from "../target.ts";
import { exitCodes, UserError } from "../userError.ts";
import { type Explained, type Explanation, explanationOf } from "./explanation.ts";
import { explanationLines } from "./explanationLines.ts";

export interface ExplainOptions extends ConnectOptions {
  /** `container=reference`, as `kubectl set image` takes it. */
  image?: string[];
  output?: string;
}

/** `kubectl serin explain deploy/NAME`: asks admission's own functions what they would do, and changes nothing. */
export async function explain(io: Io, words: readonly string[], options: ExplainOptions): Promise<number> {
  const name = deploymentNamed(words, "explain", "explain");
  const wanted = imagesIn(options.image ?? []);
  const format = formatOf(options.output);
  const cluster = connected(io, options);
  try {
    const { namespace } = cluster;
    const around = await lookAround(cluster.client, namespace, name, io.now());
    if (around === undefined)
      throw new UserError({
        what: `can't explain deploy/${name}`,
        why: `there is no Deployment ${name} in namespace ${namespace}`,
        todo: "name the namespace with -n, or look with: kubectl get deployments -A",
      });
    const explanation = explanationOf(around, wanted.size > 0 ? [asked(around, wanted)] : eachContainer(around));
    if (isForPeople(format)) io.out(`${explanationLines(explanation).join("\n")}\n`);
    else printObject(io, format, explanation, [`deployment.apps/${name}`]);
    return codeOf(explanation);
  } finally {
    await cluster.close();
  }
}

/** 0 when a policy takes some change in hand, be it that it holds or that it refuses it. */
const codeOf = ({ changes }: Explanation): number =>
  changes.some(({ policy, decision }) => policy !== undefined && decision !== "Bypassed") ? 0 : exitCodes.notPromoted;

/** The change that was asked about. */
function asked(around: Around, wanted: ReadonlyMap<string, string>): Explained {
  const object = withImages(around.deployment, wanted);
  const now = imagesByContainer(around.deployment.spec.template);
  if ("missing" in object)
    throw new UserError({
      what: `can't explain --image ${object.missing}=…`,
      why: `${around.deployment.metadata.name} has no container ${object.missing}`,
      todo: `it has: ${[...now.keys()].join(", ")}`,
    });
  const containers = [...wanted].map(([container, to]) => ({ container, image: now.get(container) ?? "", to }));
  return { containers, foreseen: foresee(around.deployment, object, around.world) };
}

/**
 * A change of each container by itself, to an image that nobody has named: the empty one matches only globs that match everything, so it is for the
 * present image that a policy matches. Containers that are told the same are told it once.
 */
export function eachContainer({ deployment, world }: Pick<Around, "deployment" | "world">): Explained[] {
  const explained: Explained[] = [];
  for (const [container, image] of imagesByContainer(deployment.spec.template)) {
    const object = withImages(deployment, new Map([[container, ""]])) as ReviewedDeployment;
    const foreseen = foresee(deployment, object, world);
    const same = explained.find((each) => outcomeOf(each.foreseen) === outcomeOf(foreseen));
    if (same) same.containers.push({ container, image });
    else explained.push({ containers: [{ container, image }], foreseen });
  }
  return explained;
}

const outcomeOf = ({ policy, reason }: Explained["foreseen"]): string => `${policy?.metadata.name} ${reason}`;

function imagesIn(options: readonly string[]): Map<string, string> {
  return new Map(
    options.map((option) => {
      const [container = "", image = ""] = [option.slice(0, option.indexOf("=")), option.slice(option.indexOf("=") + 1)];
      if (!option.includes("=") || container === "" || image === "")
        throw new UserError({
          what: `can't read --image ${option}`,
          why: "that is not CONTAINER=IMAGE",
          todo: "write it like: --image web=nginx:1.24.0",
        });
      return [container, image];
    }),
  );
}

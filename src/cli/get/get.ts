import { type ConnectOptions, connected } from "../connected.ts";
import type { Io } from "../io.ts";
import { lookUp } from "../lookUp.ts";
import { canaryView } from "../output/canaryView.ts";
import { formatOf, isForPeople, printObject } from "../output/format.ts";
import { objects } from "../output/objects.ts";
import type { Scene } from "../scene.ts";
import { outcomeOf } from "../standing.ts";
import { deploymentNamed } from "../target.ts";
import { exitCodes, UserError } from "../userError.ts";
import { picture, watch } from "../watch.ts";
import { render } from "./render.ts";
import { viewOf } from "./view.ts";

export interface GetOptions extends ConnectOptions {
  watch?: boolean;
  /** commander's `--no-color`: false when it was given. */
  color: boolean;
  ascii?: boolean;
  output?: string;
}

/** `kubectl serin get deploy/NAME`. */
export async function get(io: Io, words: readonly string[], options: GetOptions): Promise<number> {
  const name = deploymentNamed(words);
  const format = formatOf(options.output);
  const cluster = connected(io, options);
  try {
    const { namespace } = cluster;
    const style = { color: options.color && wantsColor(io), ascii: options.ascii ?? isAsciiLocale(io) };
    const look = async () => existing(await lookUp(cluster.client, namespace, name));
    if (options.watch)
      return await watch(io, look, isForPeople(format) ? picture(io, style) : { show: objects(io, format), outcome: outcomeOf });
    const scene = await look();
    if (!isForPeople(format)) {
      printObject(io, format, canaryView(scene, io.now(), true), [`deployment.apps/${name}`]);
      return scene.plan === undefined ? exitCodes.noPlan : 0;
    }
    const width = io.screen()?.columns ?? Number.POSITIVE_INFINITY;
    io.out(`${render(viewOf(scene, io.now()), { ...style, width }).join("\n")}\n`);
    return scene.plan === undefined ? exitCodes.noPlan : 0;
  } finally {
    await cluster.close();
  }
}

/** A Deployment that is gone is still shown when its plan is there: the record outlives it. */
export function existing(scene: Scene): Scene {
  if (scene.deployment !== undefined || scene.plan !== undefined) return scene;
  throw new UserError({
    what: `can't show deploy/${scene.name}`,
    why: `there is no Deployment ${scene.name} in namespace ${scene.namespace}, and no plan of one`,
    todo: "name the namespace with -n, or look with: kubectl get deployments -A",
  });
}

/** POSIX' own order. Where nothing is said, as in most containers, terminals know UTF-8. */
function isAsciiLocale({ env }: Io): boolean {
  const { LC_ALL, LC_CTYPE, LANG } = env;
  return /^(C|POSIX)$/.test(LC_ALL || LC_CTYPE || LANG || "");
}

/** no-color.org: any value but the empty one. A dumb terminal and a pipe get no colour either. */
export function wantsColor(io: Io): boolean {
  const { NO_COLOR, TERM } = io.env;
  return !NO_COLOR && TERM !== "dumb" && io.screen() !== undefined;
}

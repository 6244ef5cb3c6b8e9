import { canaryImage } from "../build/story.ts";
import { aVirtualService } from "../build/virtualService.ts";
import { Cluster, type ClusterOptions } from "../fakes/cluster.ts";
import { quick } from "./article.ts";

/** One image change under the quick policy with the team's route, told until `until` milliseconds after it; the caller goes on from there. */
export async function tell(options: ClusterOptions = {}, until = 0, image = canaryImage): Promise<Cluster> {
  const cluster = await Cluster.of({ policy: quick(), routes: [aVirtualService()], ...options });
  cluster.users.setImage(image);
  if (until > 0) await cluster.run(until);
  return cluster;
}

/** Simulated milliseconds from the change to the end of a good release under the quick policy. */
export const quickLasts = 20_000;

/** Each second of a good release under the quick policy, and a little after its end. */
export const everySecond = Array.from({ length: quickLasts / 1_000 + 2 }, (_, i) => i * 1_000 + 137);

/** Sentences about everything that went wrong in these stories; an empty list is the aim. */
export async function troubles<T>(cases: readonly T[], told: (each: T) => Promise<string[]>): Promise<string[]> {
  const all: string[] = [];
  for (const each of cases) {
    const found = await told(each).catch((error: unknown) => [error instanceof Error ? error.message : String(error)]);
    all.push(...found.map((text) => `${JSON.stringify(each)}: ${text}`));
  }
  return all;
}

/** What a story ended with, against what it should have; findings of the watchman come first. */
export function check(cluster: Cluster, wanted: { phases?: string[]; pods?: Record<string, number> }): string[] {
  const found = cluster.findings();
  const phases = cluster.plans.map(({ status }) => status?.phase ?? "none");
  if (wanted.phases && JSON.stringify(phases) !== JSON.stringify(wanted.phases))
    found.push(`ended ${phases.join(", ")}: ${cluster.describe()}`);
  if (wanted.pods && JSON.stringify(cluster.running()) !== JSON.stringify(wanted.pods))
    found.push(`runs ${JSON.stringify(cluster.running())}: ${cluster.describe()}`);
  return found;
}

import { UserError } from "./userError.ts";

const kinds = new Set(["deploy", "deployment", "deployments", "deployment.apps", "deployments.apps", "deploy.apps"]);

/** The name in `deploy/web`, `deployment.apps/web`, `deploy web` or `web`. @throws UserError */
export function deploymentNamed(words: readonly string[]): string {
  const [kind, name, ...rest] =
    words.length === 1 && !words[0]?.includes("/") ? ["deploy", words[0]] : words.flatMap((word) => word.split("/"));
  const wrong = (why: string) =>
    new UserError({ what: `can't show ${words.join(" ")}`, why, todo: "write it like: kubectl serin get deploy/web" });
  if (!name || rest.length > 0) throw wrong("that is not one Deployment");
  if (!kinds.has((kind ?? "").toLowerCase())) throw wrong(`${kind} is not a Deployment, and Serin canaries only Deployments`);
  return name;
}

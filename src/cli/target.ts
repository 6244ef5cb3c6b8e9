import { UserError } from "./userError.ts";

const kinds = new Set(["deploy", "deployment", "deployments", "deployment.apps", "deployments.apps", "deploy.apps"]);

const planKinds = new Set(["plan", "canaryplan", "canaryplans", "canaryplan.serin.dev", "canaryplans.serin.dev"]);

/** A DNS subdomain: what the API server lets an object be called. */
export const nameable = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;

/** The name in `plan/web-x7k2m` or `plan web-x7k2m`; undefined when something else is named. */
export function planNamed(words: readonly string[]): string | undefined {
  const [kind = "", name, ...rest] = words.flatMap((word) => word.split("/"));
  return planKinds.has(kind.toLowerCase()) && name && nameable.test(name) && rest.length === 0 ? name : undefined;
}

/** The name in `deploy/web`, `deployment.apps/web`, `deploy web` or `web`. @throws UserError that begins with what the verb can't do */
export function deploymentNamed(words: readonly string[], verb = "get", doing = "show"): string {
  const [kind, name, ...rest] =
    words.length === 1 && !words[0]?.includes("/") ? ["deploy", words[0]] : words.flatMap((word) => word.split("/"));
  const wrong = (why: string) =>
    new UserError({ what: `can't ${doing} ${words.join(" ")}`, why, todo: `write it like: kubectl serin ${verb} deploy/web` });
  if (!name || rest.length > 0) throw wrong("that is not one Deployment");
  if (!kinds.has((kind ?? "").toLowerCase())) throw wrong(`${kind} is not a Deployment, and Serin canaries only Deployments`);
  if (!nameable.test(name)) throw wrong("no Deployment can be called that: lower case letters, digits, hyphens and dots, at most 253");
  return name;
}

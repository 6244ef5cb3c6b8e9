import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Story } from "./story.ts";
import { applyAll } from "./storyTown.ts";

/** A ClusterRole, in the namespace default unless another is named: `edit`, `{ role: "view", namespace: "shop" }`. */
export type Right = string | { role: string; namespace: string };

/** The admin's kubeconfig, as another person: the API server decides what he may. @returns the option that names it */
export async function asPerson(story: Story, name: string, ...rights: Right[]): Promise<string> {
  const bindings = rights.map((right) => {
    const { role, namespace } = typeof right === "string" ? { role: right, namespace: "default" } : right;
    return {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "RoleBinding",
      metadata: { name: `${name}-${role}`, namespace },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role },
      subjects: [{ kind: "User", name, apiGroup: "rbac.authorization.k8s.io" }],
    };
  });
  await applyAll(story, bindings);
  const config = JSON.parse(await readFile(story.lab.env["KUBECONFIG"] ?? "", "utf8"));
  for (const { user } of config.users) user.as = name;
  const file = join(story.lab.env["LAB_DIR"] ?? "", `${name}.kubeconfig`);
  await writeFile(file, JSON.stringify(config), { mode: 0o600 });
  return `--kubeconfig=${file}`;
}

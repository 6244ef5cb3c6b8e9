import { describe, expect, it } from "vitest";
import { type Manifest, manifestsOf, ofKind } from "./manifests.ts";

interface Rule {
  apiGroups: string[];
  resources: string[];
  verbs: string[];
  resourceNames?: string[];
  nonResourceURLs?: string[];
}
interface Role extends Manifest {
  /** Absent where they are aggregated. */
  rules?: Rule[];
}
interface Binding extends Manifest {
  roleRef: { kind: string; name: string };
  subjects: Array<{ kind: string; name: string; namespace: string }>;
}

/* What each process may do, as it is written. test/lab/install.test.ts asks kube-apiserver, and what a stolen token is good for. */

const manifests = manifestsOf("manifests");
const roles = [...ofKind<Role>(manifests, "Role"), ...ofKind<Role>(manifests, "ClusterRole")];
const bindings = [...ofKind<Binding>(manifests, "RoleBinding"), ...ofKind<Binding>(manifests, "ClusterRoleBinding")];
const accounts = ofKind(manifests, "ServiceAccount").map(({ metadata }) => metadata.name);
const bound = (kind: string) =>
  bindings
    .filter(({ roleRef }) => roleRef.kind === kind)
    .flatMap(({ roleRef, subjects }) => {
      const role = roles.find((one) => one.kind === kind && one.metadata.name === roleRef.name);
      return subjects.flatMap(({ name }) => (role?.rules ?? []).map((rule) => ({ account: name, ...rule })));
    });
const everywhere = bound("ClusterRole");
const atHome = bound("Role");

describe("what the ServiceAccounts may do", () => {
  it("is bound to one account each, of Serin's own namespace, and never to a role of somebody else's", () => {
    expect(accounts.sort()).toEqual(["serin-certs", "serin-webhook", "serin-worker"]);
    for (const { roleRef, subjects, metadata } of bindings) {
      expect(subjects).toEqual([{ kind: "ServiceAccount", name: metadata.name, namespace: "serin-system" }]);
      expect(roles.filter((role) => role.kind === roleRef.kind && role.metadata.name === roleRef.name)).toHaveLength(1);
    }
    expect(bindings).toHaveLength(2 * accounts.length);
  });

  it("names everything: no wildcard, also in the roles for people", () => {
    for (const { rules = [] } of roles)
      for (const { apiGroups, resources, verbs, resourceNames = [], nonResourceURLs } of rules) {
        expect([...apiGroups, ...resources, ...verbs, ...resourceNames].filter((word) => word.includes("*"))).toEqual([]);
        expect(nonResourceURLs).toBeUndefined();
      }
  });

  it("never holds the whole cluster's Secrets, ConfigMaps, Leases, Nodes or tokens, nor makes anybody more than it is", () => {
    const asked = everywhere.flatMap(({ resources }) => resources);
    for (const resource of ["secrets", "configmaps", "leases", "nodes", "serviceaccounts/token", "pods/exec", "pods/log"])
      expect(asked).not.toContain(resource);
    const verbs = [...everywhere, ...atHome].flatMap((rule) => rule.verbs);
    for (const verb of ["escalate", "bind", "impersonate", "deletecollection"]) expect(verbs).not.toContain(verb);
    const groups = [...everywhere, ...atHome].flatMap(({ apiGroups }) => apiGroups);
    expect(groups.filter((group) => group === "rbac.authorization.k8s.io")).toHaveLength(1);
  });

  it("of its own ServiceAccount and ClusterRole the worker may change the finalizer, which admission holds it to", () => {
    const own = everywhere.filter(({ resources }) => resources.some((name) => /serviceaccounts|roles|bindings/.test(name)));
    expect(own).toMatchObject([
      {
        account: "serin-worker",
        resources: ["serviceaccounts"],
        resourceNames: ["serin-worker"],
        verbs: ["get", "list", "watch", "patch"],
      },
      {
        account: "serin-worker",
        apiGroups: ["rbac.authorization.k8s.io"],
        resources: ["clusterroles", "clusterrolebindings"],
        resourceNames: ["serin-worker"],
        verbs: ["get", "patch"],
      },
    ]);
    const guard = ofKind<{ spec: { validations: { expression: string }[] } } & Manifest>(manifests, "ValidatingAdmissionPolicy");
    expect(guard.map(({ metadata }) => metadata.name)).toContain("worker-leaves.serin.dev");
  });

  it("none of its objects has a finalizer before the worker puts it there: what never ran, with no image or no node, is deleted like anything else", () => {
    expect(manifests.filter(({ metadata }) => (metadata as { finalizers?: string[] }).finalizers !== undefined)).toEqual([]);
  });

  it("names the object wherever it has a name of Serin's own", () => {
    const ownNames = ["secrets", "configmaps", "leases", "mutatingwebhookconfigurations"];
    const nameless = [...everywhere, ...atHome].filter(
      ({ resources, resourceNames, verbs }) =>
        resources.some((resource) => ownNames.includes(resource)) && !resourceNames && verbs.join() !== "create",
    );
    expect(nameless).toEqual([]);
  });

  it("of the webhook: nothing but reading, and new Events", () => {
    const own = [...everywhere, ...atHome].filter(({ account }) => account === "serin-webhook");
    const writing = own.filter(({ verbs }) => verbs.some((verb) => !["get", "list", "watch"].includes(verb)));
    expect(writing).toEqual([{ account: "serin-webhook", apiGroups: ["events.k8s.io"], resources: ["events"], verbs: ["create"] }]);
  });
});

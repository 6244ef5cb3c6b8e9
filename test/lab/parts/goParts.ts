/** The parts that are built from Go sources. All of them share one module, hence one set of dependencies and one build cache. */
import { execFileSync } from "node:child_process";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import type { Part, Tool } from "./part.ts";
import { run } from "./run.ts";
import { GO_MODULE, ISTIO, KUBERNETES } from "./versions.ts";

const GO: Tool = {
  command: "go",
  // From backports where the release's own is too old; any other Go on PATH is as good.
  debian: "golang-go",
  wrong() {
    const [, minor = "0"] = /go1\.(\d+)/.exec(execFileSync("go", ["version"], { encoding: "utf8", cwd: "/" })) ?? [];
    return Number(minor) >= 26 ? undefined : `Go 1.26 or newer is needed, this is 1.${minor}`;
  },
};

const [MAJOR, MINOR] = KUBERNETES.split(".");
const STAMPS = {
  "k8s.io/component-base/version.gitVersion": `v${KUBERNETES}`,
  "k8s.io/component-base/version.gitMajor": MAJOR,
  "k8s.io/component-base/version.gitMinor": MINOR,
  "k8s.io/component-base/version.gitTreeState": "clean",
  "istio.io/istio/pkg/version.buildVersion": ISTIO,
};
const LDFLAGS = `-s -w ${Object.entries(STAMPS)
  .map(([name, value]) => `-X ${name}=${value}`)
  .join(" ")}`;
const ENV = { ...process.env, CGO_ENABLED: "0", GOFLAGS: "-mod=readonly -buildvcs=false" };

export const goParts: readonly Part[] = [
  goPart("etcd", "go.etcd.io/etcd/server/v3", "1 min", "etcd Version: 3."),
  goPart("kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver", "4 min", `Kubernetes v${MAJOR}.${MINOR}.`),
  goPart("kube-controller-manager", "k8s.io/kubernetes/cmd/kube-controller-manager", "2 min", `Kubernetes v${MAJOR}.${MINOR}.`),
  goPart("kubectl", "k8s.io/kubernetes/cmd/kubectl", "1 min"),
  goPart("pilot-discovery", "istio.io/istio/pilot/cmd/pilot-discovery", "4 min"),
  goPart("istioctl", "istio.io/istio/istioctl/cmd/istioctl", "2 min"),
  // Of the version that istioctl is built with, so that most of it is compiled already.
  goPart("helm", "helm.sh/helm/v4/cmd/helm", "half a minute"),
  {
    name: "istio-crds.yaml",
    doing: "copying Istio's CRDs",
    needs: [GO],
    async make(target) {
      const folder = await run("go", ["list", "-m", "-f", "{{.Dir}}", "istio.io/api"], { cwd: GO_MODULE, env: ENV });
      await copyFile(join(folder.trim(), "kubernetes", "customresourcedefinitions.gen.yaml"), target);
    },
  },
];

/** @param accept what `--version` of a binary in KUBEBUILDER_ASSETS must contain to be used instead. */
function goPart(name: string, source: string, takes: string, accept?: string): Part {
  return {
    name,
    doing: `building ${name} (once, about ${takes} on two cores)`,
    needs: [GO],
    make: async (target) =>
      void (await run("go", ["build", "-trimpath", "-ldflags", LDFLAGS, "-o", target, source], { cwd: GO_MODULE, env: ENV })),
    async found() {
      const assets = process.env["KUBEBUILDER_ASSETS"];
      if (!assets || accept === undefined) return undefined;
      const file = join(assets, name);
      const version = await run(file, ["--version"]).catch(() => "");
      return version.includes(accept) ? file : undefined;
    },
  };
}

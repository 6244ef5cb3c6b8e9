import { parse } from "yaml";
import { release } from "../api/names.ts";
import { conditions, crdEdits, edits } from "./edits.ts";
import { splice } from "./splice.ts";
import { valuesSchemaText } from "./values.ts";
import { valuesTable, valuesYaml } from "./valuesText.ts";

/*
 * The Helm chart, made from the manifests that `kubectl apply -k` applies, so that there is one source: each file that the kustomizations name becomes a
 * template of the same path, with the few edits of edits.ts. By hand are NOTES.txt, _serin.tpl and the words of README.md.
 */

/** The text of a file below `manifests/`. */
type Read = (file: string) => string;

/** What is installed: the base, and what overlays add to it. */
const roots = ["base", "overlays/cert-manager", "overlays/enforce", "monitoring"];
const table = /(?<=<!-- values -->\n)[\s\S]*(?=\n<!-- end -->)/;

/**
 * Every generated file of `manifests/helm`, path and text.
 * @throws when an edit finds no place, or its file isn't among the manifests
 */
export function chartFiles(read: Read): Array<[path: string, text: string]> {
  const sources = [...new Set(roots.flatMap((root) => sourcesOf(root, read)))].filter((file) => file.endsWith(".yaml"));
  const unused = [...Object.keys(edits), ...Object.keys(conditions)].filter((key) => !sources.some((file) => file.startsWith(key)));
  if (unused.length > 0) throw new Error(`src/chart/edits.ts is about files that no kustomization names: ${unused.join(", ")}`);
  return [
    ["Chart.yaml", chartYaml],
    ["values.yaml", valuesYaml()],
    ["values.schema.json", valuesSchemaText()],
    ["README.md", read("helm/README.md").replace(table, () => valuesTable())],
    ["files/dashboard.json", read("monitoring/dashboard.json")],
    ["templates/monitoring/dashboard.yaml", dashboard],
    ...sources.map((file): [string, string] => [`templates/${file}`, template(file, read(file))]),
  ];
}

/** Files that a kustomization names, those of other kustomizations included; each once. */
function sourcesOf(folder: string, read: Read): string[] {
  const { resources = [] } = parse(read(`${folder}/kustomization.yaml`)) as { resources?: string[] };
  return resources.flatMap((name) => {
    const path = new URL(name, `file:///${folder}/`).pathname.slice(1);
    return name.endsWith(".yaml") ? [path] : sourcesOf(path, read);
  });
}

function template(file: string, text: string): string {
  const own = file.startsWith("crd/") ? crdEdits((parse(text) as { metadata: { name: string } }).metadata.name) : (edits[file] ?? []);
  const condition = Object.entries(conditions).find(([key]) => file.startsWith(key))?.[1];
  const body = splice(text, own);
  return `${header(file)}${condition === undefined ? body : `{{- if ${condition} }}\n${body}{{- end }}\n`}`;
}

const header = (file: string): string => `{{- /* Written by \`make generate\` from manifests/${file}. Change it there. */}}\n`;

const dashboard = `${header("monitoring/kustomization.yaml")}{{- if .Values.dashboard.enabled }}
apiVersion: v1
kind: ConfigMap
metadata:
  name: serin-dashboard
  namespace: serin-system
  labels:
    app.kubernetes.io/name: serin
    {{- with .Values.dashboard.labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
data:
  serin.json: |
{{ .Files.Get "files/dashboard.json" | indent 4 }}
{{- end }}
`;

const chartYaml = `# Written by \`make generate\` from src/chart/chart.ts. The version is package.json's.
apiVersion: v2
name: serin
description: Every image change of a plain Kubernetes Deployment becomes a canary.
type: application
version: ${release}
appVersion: ${release}
kubeVersion: ">=1.36.0-0"
keywords: [canary, progressive-delivery, istio, prometheus, admission-webhook]
`;

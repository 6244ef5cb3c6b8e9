import type { Written } from "../../manifest/read.ts";
import type { Imported } from "../imported.ts";
import { fieldsOf, textOf } from "../raw.ts";
import type { Remark } from "../remark.ts";
import type { TemplatesOfArgo } from "./analysis.ts";
import { policyOfRollout, remarksOn, tellInGeneral } from "./rollout.ts";
import { metricTemplatesOf } from "./template.ts";

const templateKinds = ["AnalysisTemplate", "ClusterAnalysisTemplate"];

/** Rollouts become policies with their metrics written out; templates that no Rollout uses become MetricTemplates. */
export function importArgo(all: readonly Written[]): Imported {
  const ofArgo = all.filter(({ apiVersion }) => apiVersion.startsWith("argoproj.io/"));
  const used = new Set<Written>();
  const told: Remark[] = [];
  const policies = ofArgo
    .filter(({ kind }) => kind === "Rollout")
    .flatMap((rollout, index) => {
      const remarks = remarksOn(rollout);
      if (index === 0) tellInGeneral(remarks);
      const policy = policyOfRollout(rollout, all, templatesFor(rollout, ofArgo, used), remarks);
      told.push(...remarks.all);
      return policy ?? [];
    });
  const templates = ofArgo
    .filter((one) => templateKinds.includes(one.kind) && !used.has(one))
    .flatMap((template) => {
      const remarks = remarksOn(template);
      const made = metricTemplatesOf(template, remarks);
      told.push(...remarks.all);
      return made;
    });
  return { objects: [...templates, ...policies], remarks: told };
}

function templatesFor(rollout: Written, ofArgo: readonly Written[], used: Set<Written>): TemplatesOfArgo {
  const namespaceOf = ({ object }: Written): string | undefined => textOf(fieldsOf(fieldsOf(object)["metadata"])["namespace"]);
  return {
    find: (name, clusterScope) =>
      ofArgo.find(
        (one) =>
          one.kind === (clusterScope ? "ClusterAnalysisTemplate" : "AnalysisTemplate") &&
          one.name === name &&
          (clusterScope || namespaceOf(one) === namespaceOf(rollout)),
      ),
    used: (template) => void used.add(template),
  };
}

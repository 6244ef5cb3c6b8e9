import type { Written } from "../../manifest/read.ts";
import type { Imported } from "../imported.ts";
import { type Fields, fieldsOf, textOf } from "../raw.ts";
import { policyOfCanary } from "./canary.ts";
import { metricTemplateOf } from "./template.ts";

/** Canaries become policies with their metrics written out; MetricTemplates that no Canary uses become Serin's. */
export function importFlagger(all: readonly Written[]): Imported {
  const ofFlagger = all.filter(({ apiVersion }) => apiVersion.startsWith("flagger.app/"));
  const used = new Set<Written>();
  const policies = ofFlagger
    .filter(({ kind }) => kind === "Canary")
    .map((canary) => policyOfCanary(canary, all, (reference) => templateFor(canary, reference, ofFlagger, used)));
  const templates = ofFlagger.filter((one) => one.kind === "MetricTemplate" && !used.has(one)).map(metricTemplateOf);
  return {
    objects: [...templates.flatMap(({ object }) => object ?? []), ...policies.flatMap(({ policy }) => policy ?? [])],
    remarks: [...policies, ...templates].flatMap(({ remarks }) => remarks.all),
  };
}

const namespaceOf = ({ object }: Written): string | undefined => textOf(fieldsOf(fieldsOf(object)["metadata"])["namespace"]);

function templateFor(canary: Written, reference: Fields, ofFlagger: readonly Written[], used: Set<Written>): Written | undefined {
  const namespace = textOf(reference["namespace"]) ?? namespaceOf(canary);
  const found = ofFlagger.find(
    (one) =>
      one.kind === "MetricTemplate" &&
      one.name === reference["name"] &&
      (namespace === undefined || namespaceOf(one) === undefined || namespaceOf(one) === namespace),
  );
  if (found !== undefined) used.add(found);
  return found;
}

/** Istio's sidecar injector as its own chart renders it: istioctl carries the charts of the Istio version that it is built from. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { LabFault } from "../labFault.ts";
import type { Part } from "./part.ts";
import { run } from "./run.ts";
import { cacheFolder } from "./versions.ts";

const NAME = "istio-sidecar-injector";

/** Made after istioctl, which it runs. Nothing is set but what leaves other objects out, so the values are the chart's own. */
export const injector: Part = {
  name: "istio-injector.json",
  doing: "rendering Istio's sidecar injector",
  needs: [],
  async make(target) {
    const args = ["manifest", "generate", "--set", "profile=minimal", "--set", "components.base.enabled=false"];
    const objects = parseAllDocuments(await run(join(cacheFolder(), "istioctl"), args))
      .map((document) => document.toJS() as { kind: string; metadata: { name: string } } | null)
      .filter((object) => object?.metadata.name === NAME);
    const kinds = objects.map((object) => object?.kind).sort();
    if (kinds.join() !== "ConfigMap,MutatingWebhookConfiguration")
      throw new LabFault(`Istio's chart has other objects named ${NAME} than expected: ${kinds.join(", ") || "none"}`);
    await writeFile(target, JSON.stringify(objects));
  },
};

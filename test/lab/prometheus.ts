import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PROMETHEUS, PROMETHEUS_SERVICE_IP } from "./addresses.ts";
import { answersOk } from "./httpAnswers.ts";
import { partFile } from "./parts/ensureParts.ts";
import type { Processes } from "./processes.ts";
import { prometheusConfig, type ScrapeTargets } from "./prometheusConfig.ts";

/** The Service under whose name Prometheus is written into policies. Without a selector: Prometheus itself binds its address. */
export const prometheusObjects = [
  {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "prometheus", namespace: "istio-system" },
    spec: { clusterIP: PROMETHEUS_SERVICE_IP, ports: [{ name: "http", port: 9090 }] },
  },
];

export async function startPrometheus(dir: string, processes: Processes, scrape: string, targets: ScrapeTargets): Promise<void> {
  const config = join(dir, "prometheus.json");
  await writeFile(config, JSON.stringify(prometheusConfig(scrape, targets), null, 2));
  await processes.start({
    name: "prometheus",
    command: await partFile("prometheus"),
    args: [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(dir, "prometheus")}`,
      `--web.listen-address=${PROMETHEUS}`,
      "--storage.tsdb.retention.time=2d",
      "--log.level=warn",
    ],
    ready: () => answersOk(`http://${PROMETHEUS}/-/ready`),
  });
}

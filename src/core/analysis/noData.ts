import { formatDuration, parseDuration } from "../../api/duration.ts";
import type { MetricStatus } from "../../api/metricStatus.ts";
import type { PolicySpec } from "../../api/policy.ts";
import { fromTime } from "./time.ts";

type OnNoData = PolicySpec["onNoData"];

/** What a metric's missing data leads to (design §8): nothing before `after` is over, then Pause or Fail. Missing data never passes. */
export function noDataVerdict(
  onNoData: OnNoData,
  status: Pick<MetricStatus, "name" | "noDataSince"> | undefined,
  now: number,
): "ok" | { action: OnNoData["action"]; message: string } {
  const at = noDataAt(onNoData, status);
  if (status === undefined || at === undefined || now < at) return "ok";
  const missing = formatDuration(now - at + parseDuration(onNoData.after));
  return { action: onNoData.action, message: `${status.name}: no data for ${missing}, onNoData.after is ${onNoData.after}` };
}

/** When that happens if no data comes, ms since epoch; undefined while there is data. For the worker's next wake-up. */
export function noDataAt(onNoData: OnNoData, status: Pick<MetricStatus, "noDataSince"> | undefined): number | undefined {
  return status?.noDataSince === undefined ? undefined : fromTime(status.noDataSince) + parseDuration(onNoData.after);
}

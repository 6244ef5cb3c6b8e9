/**
 * The load generator as a command:
 *   node test/lab/load/bin.ts --url $LAB_GATEWAY --host shop.example.com --rate 100 [--path /] [--seconds 60] [--json file]
 * Ends after --seconds, on SIGINT or SIGTERM; prints a table per version. Forked by startLoad it takes its orders by IPC.
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { generateLoad } from "./generateLoad.ts";
import { printReport } from "./printReport.ts";
import type { LoadAnswer, LoadOrder } from "./startLoad.ts";

const { values } = parseArgs({
  options: {
    url: { type: "string" },
    host: { type: "string" },
    path: { type: "string" },
    rate: { type: "string" },
    connections: { type: "string" },
    seconds: { type: "string" },
    json: { type: "string" },
  },
});
const rate = Number(values.rate);
if (values.url === undefined || !(rate > 0)) {
  console.error(
    "usage: load/bin.ts --url <url> --rate <requests per second> [--host <host>] [--path <path>] [--connections N] [--seconds N] [--json <file>]",
  );
  process.exit(2);
}

const load = generateLoad({
  url: values.url,
  rate,
  ...(values.host === undefined ? {} : { host: values.host }),
  ...(values.path === undefined ? {} : { path: values.path }),
  ...(values.connections === undefined ? {} : { connections: Number(values.connections) }),
});

if (process.send === undefined) {
  const stop = async () => {
    const report = await load.stop();
    if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(report, undefined, 1));
    console.log(printReport(report));
    process.exit(0);
  };
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
  if (values.seconds !== undefined) setTimeout(stop, Number(values.seconds) * 1000);
} else {
  const tell = (answer: LoadAnswer, then?: () => void) => process.send?.(answer, undefined, undefined, then);
  // The parent decides when it is over: Ctrl-C reaches the whole group, and the parent still wants its report.
  process.on("SIGINT", () => undefined);
  process.once("disconnect", () => process.exit(0));
  process.on("message", async (order: LoadOrder) => {
    switch (order.do) {
      case "mark":
        return load.mark(order.name, order.at);
      case "snapshot":
        return tell({ id: order.id, report: load.report() });
      case "stop":
        return tell({ id: order.id, report: await load.stop() }, () => process.exit(0));
    }
  });
  tell({ started: true });
}

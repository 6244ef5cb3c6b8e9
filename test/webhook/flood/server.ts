/**
 * The webhook as a process of its own, on loopback, in a world of its own: its memory and its CPU are nobody else's. Forked; it sends its port and CA,
 * and answers each message with its figures since the last one. With the argument `bare`: what any Node webhook costs at the least.
 */
import type { RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { pino } from "pino";
import { makeServingCertificate } from "../../../src/tls/makeServingCertificate.ts";
import { webhookNames } from "../../../src/tls/webhookNames.ts";
import { webhookApp } from "../../../src/webhook/app.ts";
import { counters as newCounters } from "../../../src/webhook/counters.ts";
import { limitCrowd } from "../../../src/webhook/crowd.ts";
import { httpsServer, listen, serve } from "../../../src/webhook/servers.ts";
import { policy, world } from "../../core/admission/build.ts";
import type { Figures, Started } from "./process.ts";

const bare: RequestListener = (request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const { request: asked } = JSON.parse(Buffer.concat(chunks).toString());
    const answer = { apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", response: { uid: asked.uid, allowed: true } };
    response.setHeader("Content-Type", "application/json");
    response.end(JSON.stringify(answer));
  });
};

const counters = newCounters();
const log = pino({ level: "info" }, { write: () => undefined });
const around = world({ policies: [policy("everything", { match: { images: ["*:canary"] } })] });
const ours = webhookApp({ world: () => around, log, counters, denials: { note: () => undefined }, isDraining: () => false });
const server = httpsServer(process.argv[2] === "bare" ? bare : ours);
if (process.argv[2] !== "bare") limitCrowd(server, counters.dropped);
const certificate = await makeServingCertificate(webhookNames("serin-system"), new Date());
serve(server, certificate);
await listen(server, { host: "127.0.0.1", port: 0 });
const started: Started = { port: (server.address() as AddressInfo).port, ca: certificate.ca };
process.send?.(started);

let peak = 0;
setInterval(() => {
  peak = Math.max(peak, process.memoryUsage.rss());
}, 20).unref();
let before = process.cpuUsage();
process.on("message", () => {
  const { user, system } = process.cpuUsage(before);
  before = process.cpuUsage();
  const figures: Figures = { cpuMicroseconds: user + system, peakRss: Math.max(peak, process.memoryUsage.rss()) };
  peak = 0;
  process.send?.(figures);
});
process.on("disconnect", () => process.exit(0));

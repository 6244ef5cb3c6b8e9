import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { createClient } from "../../src/kube/client.ts";
import { connectWith } from "../../src/kube/connection.ts";
import { resources } from "../../src/kube/resources.ts";
import { accessTo } from "./accessTo.ts";

test("patches whose bodies wait are all with the server, by their headers, before the first body is", async () => {
  const heard: string[] = [];
  const bodies: unknown[] = [];
  const server = createServer((request, response) => {
    heard.push("headers");
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      heard.push("body");
      bodies.push(JSON.parse(Buffer.concat(chunks).toString()));
      response.writeHead(200, { "content-type": "application/json" }).end("{}");
    });
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const connection = connectWith(accessTo(`http://127.0.0.1:${(server.address() as AddressInfo).port}`), { userAgent: "serin-test/1" });
  const client = createClient(connection);
  const body = { metadata: { finalizers: ["other/one"] } };
  const options = { fieldManager: "serin", bodyAfterMs: 1_000 };
  await Promise.all(
    [resources.clusterroles, resources.clusterrolebindings].map((kind) =>
      client.patch(kind, "serin-worker", undefined, { type: "merge", body }, options),
    ),
  );
  expect(heard).toEqual(["headers", "headers", "body", "body"]);
  expect(bodies).toEqual([body, body]);
  await connection.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

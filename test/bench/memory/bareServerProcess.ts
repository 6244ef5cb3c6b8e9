/** The least that a Node webhook costs: an https server that parses a review and allows it. Forked; it is sent its certificate, and sends its port. */
import { createServer } from "node:https";

process.once("message", ({ cert, key }: { cert: string; key: string }) => {
  // As in our own: Node closes an idle connection after 5 s, and a review that is on its way then is lost.
  const server = createServer({ cert, key, keepAliveTimeout: 0 }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { request: asked } = JSON.parse(Buffer.concat(chunks).toString()) as { request: { uid: string } };
      const answer = { apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", response: { uid: asked.uid, allowed: true } };
      response.setHeader("Content-Type", "application/json");
      response.end(JSON.stringify(answer));
    });
  });
  server.listen(0, "127.0.0.1", () => {
    const address = server.address();
    process.send?.(typeof address === "object" ? address?.port : undefined);
  });
});
process.on("disconnect", () => process.exit(0));

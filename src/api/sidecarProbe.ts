import { z } from "zod";
import { withRules } from "./rule.ts";

const port = z.int().min(1).max(65_535).describe("Number of the port.");
const seconds = (description: string, min = 1) => z.int().min(min).max(3_600).optional().describe(description);

/** A probe. Of the pod itself only: no `host`, which PodSecurity refuses since 1.34 (`hostProbesAndHostLifecycleV1Dot34`). */
export const probe = (description: string) =>
  withRules(
    z.strictObject({
      httpGet: z
        .strictObject({
          path: z.string().max(1024).optional().describe("The path, / when absent."),
          port,
          scheme: z.enum(["HTTP", "HTTPS"]).optional().describe("HTTP when absent."),
        })
        .optional()
        .describe("A request that must be answered with 200 to 399."),
      tcpSocket: z.strictObject({ port }).optional().describe("A connection that must open."),
      grpc: z
        .strictObject({ port, service: z.string().max(253).optional().describe("Name of the service asked about.") })
        .optional()
        .describe("A gRPC health check."),
      exec: z
        .strictObject({ command: z.array(z.string().max(4096).describe("One word.")).min(1).max(32).describe("The command.") })
        .optional()
        .describe("A command in the container that must end with 0."),
      initialDelaySeconds: seconds("Seconds before the first look.", 0),
      periodSeconds: seconds("Seconds between looks, 10 when absent."),
      timeoutSeconds: seconds("Seconds that a look may take, 1 when absent."),
      failureThreshold: seconds("How many failures in a row count, 3 when absent."),
    }),
    { description },
    [
      {
        cel: "[has(self.httpGet), has(self.tcpSocket), has(self.grpc), has(self.exec)].filter(x, x).size() == 1",
        holds: ({ httpGet, tcpSocket, grpc, exec }) => [httpGet, tcpSocket, grpc, exec].filter((each) => each !== undefined).length === 1,
        message: "a probe is exactly one of httpGet, tcpSocket, grpc or exec",
      },
    ],
  );

import { z } from "zod";
import { matching, withRules } from "./rule.ts";

/** A URL that everyone who may read policies may know. */
export const address = (description: string, example: string) =>
  withRules(z.string().max(2048), { description }, [
    matching("^https?://[^ \\t/@?#]+(/[^ \\t@?#]*)?$", `write an address such as ${example}, without user, password or query`),
  ]);

/** A Secret in Serin's own namespace, by its name. */
export const secretName = (description: string, example: string) =>
  withRules(z.string().min(1).max(253), { description }, [
    matching("^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", `write the name of a Secret, such as ${example}`),
  ]);

/** `provider.prometheus`: one instant query. */
export const prometheusProvider = z
  .strictObject({
    address: address(
      "URL of the Prometheus server, without user or password. Serin's own default when absent. Only an administrator can write a policy, so no tenant names an address.",
      "http://prometheus.istio-system:9090",
    ).optional(),
    credentials: secretName(
      "Name of a Secret in Serin's own namespace with username and password, or token, and for TLS ca.crt, tls.crt and tls.key. The Role serin-worker must name it too. Without address and credentials: as Serin's default server is reached.",
      "serin-prometheus",
    ).optional(),
    query: z
      .string()
      .min(1)
      .max(8192)
      .describe(
        "PromQL, an instant query. These placeholders are replaced by escaped values: {{args.namespace}}, {{args.deployment}}, {{args.service}} (the first Service of the Deployment), {{args.canary-hash}} and {{args.stable-hash}} (what Istio's metrics carry as destination_canonical_revision: the pod-template-hash of each revision; where the team labels versions, or pods were made before Serin, what the pods have: service.istio.io/canonical-revision, app.kubernetes.io/version, version, else `latest`).",
      ),
    timeout: withRules(z.string().max(32), { description: "How long one query may take: 5s when absent, at most 30s." }, [
      matching("^(([1-9]|[12][0-9]|30)s|[1-9][0-9]{0,3}ms|[12][0-9]{4}ms)$", "write a timeout from 1ms to 30s, such as 5s"),
    ]).optional(),
  })
  .describe("Asks a Prometheus server.");

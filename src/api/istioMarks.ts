import { z } from "zod";
import { quantityOf, quantityPattern } from "./quantity.ts";
import { matching, type Rule, withRules } from "./rule.ts";

/*
 * The annotations of pods that Istio's injector reads and a policy may set, each with the values that it takes: a wrong one makes the injector
 * fail the whole admission (`validateAnnotations` in istio:pkg/kube/inject/validate.go, failurePolicy Fail), so no pod could be made any more.
 * Left out on purpose: what says whether to inject (the label does), what the injector itself writes (sidecar.istio.io/status,
 * proxy.istio.io/overrides), what brings volumes or an image of its own (userVolume, userVolumeMount, bootstrapOverride, proxyImage), and
 * other templates (inject.istio.io/templates).
 */

const value = (pattern: string, says: string) => (description: string) =>
  withRules(z.string().min(1).max(1024), { description }, [matching(pattern, says)]).optional();
const truth = value("^(true|false)$", 'write "true" or "false"');
/** 0 to 65535. */
const portNumber = "([0-9]{1,4}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])";
const portList = `${portNumber}(,${portNumber})*`;
const ports = value(`^${portList}$`, 'write ports with commas between them, such as "15090,8080"');
const portsOrAll = value(`^([*]|${portList})$`, 'write "*", or ports with commas between them, such as "8080,8443"');
/** As Go's netip.ParsePrefix reads them: no leading zeros, 0 to 255, 0 to 32. */
const octet = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
const range = `(${octet}[.]){3}${octet}/(3[0-2]|[12]?[0-9])`;
const ranges = value(`^${range}(,${range})*$`, 'write ranges with commas between them, such as "10.0.0.0/8,192.168.0.0/16"');
const rangesOrAll = value(`^([*]|${range}(,${range})*)$`, 'write "*", or ranges with commas between them, such as "10.0.0.0/8"');
const count = value("^[0-9]{1,6}$", 'write a whole number in quotes, such as "3"');
const port = value(`^${portNumber}$`, 'write a port in quotes, such as "15020"');
const quantity = value(quantityPattern, "write an amount such as 100m or 64Mi");
const level = value("^(trace|debug|info|warning|error|critical|off)$", "write trace, debug, info, warning, error, critical or off");
const list = value("^[A-Za-z0-9_.:-]+(,[A-Za-z0-9_.:-]+)*$", "write names with commas between them");
const interfaces = value(
  "^[A-Za-z][A-Za-z0-9_.-]{0,14}(,[A-Za-z][A-Za-z0-9_.-]{0,14})*$",
  'write interfaces with commas between them, such as "eth1"',
);

/** The injector writes both into its container, and Kubernetes refuses a pod whose request is above the limit. */
const inOrder = (asked: "proxyCPU" | "proxyMemory"): Rule<Readonly<Record<string, unknown>>> => {
  const [request, limit] = [`sidecar.istio.io/${asked}`, `sidecar.istio.io/${asked}Limit`];
  const [self, most] = [request, limit].map((key) => `self.${key.replaceAll(".", "__dot__").replaceAll("/", "__slash__")}`);
  return {
    cel: `!has(${self}) || !has(${most}) || quantity(${self}).compareTo(quantity(${most})) <= 0`,
    holds: ({ [request]: some, [limit]: all }) =>
      typeof some !== "string" || typeof all !== "string" || (quantityOf(some) ?? 0) <= (quantityOf(all) ?? 0),
    message: `${request} is above ${limit}`,
  };
};

export const istioAnnotations = withRules(
  z.strictObject({
    "proxy.istio.io/config": z
      .string()
      .min(1)
      .max(4096)
      .optional()
      .describe("A part of Istio's ProxyConfig as YAML. Istio refuses every pod with one that it can't read: try it on a pod first."),
    "prometheus.istio.io/merge-metrics": truth("Whether the proxy serves the application's metrics with its own."),
    "readiness.status.sidecar.istio.io/applicationPorts": ports("Ports that must be open for the pod to be ready."),
    "readiness.status.sidecar.istio.io/failureThreshold": count("Failures in a row before the proxy counts as unready."),
    "readiness.status.sidecar.istio.io/initialDelaySeconds": count("Seconds before the proxy's first readiness probe."),
    "readiness.status.sidecar.istio.io/periodSeconds": count("Seconds between the proxy's readiness probes."),
    "sidecar.istio.io/agentLogLevel": list("Log level of the agent, such as default:info."),
    "sidecar.istio.io/componentLogLevel": list("Log levels of the proxy's parts, such as misc:error,http:debug."),
    "sidecar.istio.io/extraStatTags": list("More tags for the proxy's metrics."),
    "sidecar.istio.io/interceptionMode": value(
      "^(REDIRECT|TPROXY|NONE)$",
      "write REDIRECT, TPROXY or NONE",
    )("How inbound connections are brought to the proxy."),
    "sidecar.istio.io/logLevel": level("Log level of the proxy."),
    "sidecar.istio.io/nativeSidecar": truth("Whether the proxy is a native sidecar."),
    "sidecar.istio.io/proxyCPU": quantity("Processors that the proxy asks for."),
    "sidecar.istio.io/proxyCPULimit": quantity("Processors that the proxy may take."),
    "sidecar.istio.io/proxyImageType": value("^[a-z]{1,32}$", "write default, distroless or debug")("Kind of the proxy's image."),
    "sidecar.istio.io/proxyMemory": quantity("Memory that the proxy asks for."),
    "sidecar.istio.io/proxyMemoryLimit": quantity("Memory that the proxy may take."),
    "sidecar.istio.io/rewriteAppHTTPProbers": truth("Whether the application's HTTP probes go through the agent."),
    "sidecar.istio.io/statsInclusionPrefixes": list("Prefixes of further metrics of the proxy."),
    "sidecar.istio.io/statsInclusionSuffixes": list("Suffixes of further metrics of the proxy."),
    "status.sidecar.istio.io/port": port("Port of the agent's status, 0 for none."),
    "traffic.sidecar.istio.io/excludeInboundPorts": ports("Inbound ports that don't go through the proxy."),
    "traffic.sidecar.istio.io/excludeInterfaces": interfaces("Interfaces whose traffic doesn't go through the proxy."),
    "traffic.sidecar.istio.io/excludeOutboundIPRanges": ranges("Outbound ranges that don't go through the proxy."),
    "traffic.sidecar.istio.io/excludeOutboundPorts": ports("Outbound ports that don't go through the proxy."),
    "traffic.sidecar.istio.io/includeInboundPorts": portsOrAll("Inbound ports that go through the proxy."),
    "traffic.sidecar.istio.io/includeOutboundIPRanges": rangesOrAll("Outbound ranges that go through the proxy."),
    "traffic.sidecar.istio.io/includeOutboundPorts": portsOrAll("Outbound ports that go through the proxy, whatever the ranges say."),
  }),
  { description: "Annotations for Istio's injector. What the pod itself says stands, unless optOut is Forbid." },
  [inOrder("proxyCPU"), inOrder("proxyMemory")],
);

const injectFields = z.strictObject({
  inject: z
    .enum(["Enabled", "Disabled"])
    .describe(
      [
        'Enabled: the pod gets the label sidecar.istio.io/inject: "true", which Istio\'s injector obeys in every namespace but those labelled istio-injection: disabled.',
        "Where PodSecurity restricted is enforced, Istio's own containers must satisfy it, as they do with Istio's CNI.",
        'Disabled: the label "false", and no proxy is added anywhere.',
        "A pod on the node's network never gets a proxy.",
      ].join(" "),
    ),
  revision: withRules(
    z.string().min(1).max(63),
    {
      description:
        "Which control plane injects: the pod gets the label istio.io/rev. Absent: the default one. A namespace that names one by istio.io/rev or istio-injection keeps its own.",
    },
    [matching("^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", "write a revision or its tag, such as default or 1-26-0")],
  ).optional(),
  holdUntilProxyStarts: z
    .boolean()
    .optional()
    .describe(
      "true: the pod's own containers wait until the proxy is ready (holdApplicationUntilProxyStarts in the annotation proxy.istio.io/config, where the rest of the pod's own stays). A native proxy starts before them anyway.",
    ),
  annotations: istioAnnotations.optional(),
});

export const istioWish = withRules(injectFields, { description: "Whether Istio's injector adds its proxy, and how." }, [
  {
    cel: "self.inject == 'Enabled' || !(has(self.revision) || has(self.holdUntilProxyStarts) || has(self.annotations))",
    holds: ({ inject, revision, holdUntilProxyStarts, annotations }) =>
      inject === "Enabled" || (revision === undefined && holdUntilProxyStarts === undefined && annotations === undefined),
    message: "inject: Disabled leaves nothing for revision, holdUntilProxyStarts and annotations to say: take them out",
  },
]);

export type IstioWish = z.output<typeof istioWish>;

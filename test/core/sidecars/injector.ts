import { istio } from "../../../src/api/names.ts";
import { own, type PodContainer, type PodLike } from "../../../src/core/sidecars/pod.ts";

/**
 * What Istio's injector does to a pod, as far as it could disturb us: `injectRequired`, the sidecar template's containers, volumes and labels,
 * `reorderPod`, `patchRewriteProbe` (istio:pkg/kube/inject). The real one is asked in the lab.
 */
export function injected(pod: PodLike, { isNative, namespaceInjects }: { isNative: boolean; namespaceInjects: boolean }): PodLike {
  const said = own(pod.metadata.labels, istio.inject);
  const isAsked = namespaceInjects ? said !== "false" : said === "true";
  if (pod.spec.hostNetwork || !isAsked) return pod;
  const annotations = { ...pod.metadata.annotations, "sidecar.istio.io/status": "{}", "prometheus.io/scrape": "true" };
  const labels = { [istio.canonicalRevision]: "latest", ...pod.metadata.labels, "security.istio.io/tlsMode": "istio" };
  const others = (list: readonly PodContainer[] = []) =>
    list.filter(({ name }) => !(istio.containers as readonly string[]).includes(name)).map(rewritten);
  const init = { name: "istio-init", image: "proxy" };
  const proxy = { name: "istio-proxy", image: "proxy", ...(isNative ? { restartPolicy: "Always" } : {}) };
  const volumes = (pod.spec.volumes ?? []).filter(({ name }) => name !== "istio-envoy");
  return {
    ...pod,
    metadata: { ...pod.metadata, labels, annotations },
    spec: {
      ...pod.spec,
      initContainers: isNative ? [init, proxy, ...others(pod.spec.initContainers)] : [...others(pod.spec.initContainers), init],
      containers: isNative ? others(pod.spec.containers) : [...others(pod.spec.containers), proxy],
      volumes: [{ name: "istio-envoy", emptyDir: { medium: "Memory" } }, ...volumes],
    },
  };
}

const rewritten = (container: PodContainer): PodContainer =>
  container["readinessProbe"] === undefined
    ? container
    : { ...container, readinessProbe: { httpGet: { port: 15_020, path: `/app-health/${container.name}/readyz` } } };

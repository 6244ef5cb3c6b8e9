/** A pod as kube-apiserver keeps it; only what is read is named. */
export interface WholePod {
  metadata: { name: string; labels: Record<string, string>; annotations?: Record<string, string>; deletionTimestamp?: string };
  spec: {
    nodeName?: string;
    containers: Array<{ name: string; restartPolicy?: string }>;
    initContainers?: Array<{ name: string; restartPolicy?: string }>;
    volumes?: Array<{ name: string }>;
  };
  status: { conditions?: Array<{ type: string; status: string }> };
}

/**
 * The pod without what differs between two pods of one template: its own name, where it runs, the random end of its token's volume, and the order
 * of volumes, which Istio puts first or last.
 */
export function normalPod({ metadata, spec }: WholePod): unknown {
  const { annotations } = metadata;
  const labels = Object.fromEntries(Object.entries(metadata.labels).filter(([key]) => !key.startsWith("topology.kubernetes.io/")));
  const { nodeName: _, volumes = [], ...rest } = spec;
  const named = [...volumes].sort((a, b) => (a.name < b.name ? -1 : 1));
  return JSON.parse(
    JSON.stringify({ labels, annotations, ...rest, volumes: named }).replaceAll(/kube-api-access-[a-z0-9]{5}/g, "kube-api-access-"),
  );
}

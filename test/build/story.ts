import { hashOf, type PodTemplate, templateDigest } from "../../src/api/template.ts";

/*
 * The story that all builders tell unless they are told otherwise: namespace shop, Deployment nginx with four pods, its image goes from
 * nginx:1.23.0 to nginx:1.24.0. Digests and hashes are the real ones of these templates, so the objects of one test fit together.
 */

export const namespace = "shop";
export const deploymentName = "nginx";
export const deploymentUid = "d0000000-0000-4000-8000-000000000001";
export const planUid = "a0000000-0000-4000-8000-000000000001";
export const stableImage = "nginx:1.23.0";
export const canaryImage = "nginx:1.24.0";
export const container = "nginx";
export const labels = { app: deploymentName };

/** When the story begins, in milliseconds since the epoch. */
export const start = Date.parse("2026-11-23T10:00:00.000Z");

/** A time of the story, as it stands on the wire: seconds after its start. */
export const at = (seconds: number): string => new Date(start + seconds * 1_000).toISOString();

/** A pod template as the API server stores it, with its defaults. */
export function template(image: string, app: Record<string, string> = labels): PodTemplate {
  return {
    metadata: { labels: { ...app } },
    spec: {
      containers: [
        {
          name: container,
          image,
          ports: [{ containerPort: 80, protocol: "TCP" }],
          resources: {},
          imagePullPolicy: "IfNotPresent",
          terminationMessagePath: "/dev/termination-log",
          terminationMessagePolicy: "File",
        },
      ],
      restartPolicy: "Always",
      terminationGracePeriodSeconds: 30,
      dnsPolicy: "ClusterFirst",
      schedulerName: "default-scheduler",
      securityContext: {},
    },
  };
}

/** What the plan says of a revision. */
export function revisionOf(image: string): { hash: string; digest: string; images: string[] } {
  const digest = templateDigest(template(image));
  return { hash: hashOf(digest), digest, images: [image] };
}

import { release } from "../api/names.ts";
import { programs } from "./appTree.ts";
import type { Architecture } from "./parts.ts";
import { user } from "./runtimeTree.ts";

/** What the image is of: not part of its files, so that the layers of two commits with the same code are the same. */
export interface Origin {
  /** The commit; absent outside of a checkout. */
  readonly revision?: string | undefined;
  /** Its time, in seconds since 1970. */
  readonly created: number;
}

/**
 * To Node itself: of NODE_OPTIONS it takes no such flag. Of WebAssembly there is only the parser of HTTP answers in undici; to optimise that, which the others do at
 * the first connection, takes 10 MB that never come back, and saves no CPU that could be measured.
 */
export const nodeArguments = ["--liftoff-only"] as const;

/** What a runtime does with the image: the part of an OCI configuration that the Dockerfile says too. */
export function runConfig({ revision }: Origin) {
  return {
    User: user,
    Env: ["PATH=/usr/bin", "NODE_ENV=production"],
    Entrypoint: ["/usr/bin/node", ...nodeArguments, `/${programs}/serin.mjs`],
    WorkingDir: "/",
    ExposedPorts: { "8080/tcp": {}, "8443/tcp": {} },
    Labels: {
      "org.opencontainers.image.title": "Serin",
      "org.opencontainers.image.description": "Every image change of a plain Kubernetes Deployment becomes a canary",
      "org.opencontainers.image.version": release,
      "org.opencontainers.image.licenses": "Apache-2.0",
      ...(revision === undefined ? {} : { "org.opencontainers.image.revision": revision }),
    },
  };
}

/**
 * The OCI image configuration.
 * @param layers digests of the layers' tar archives, the lowest first
 */
export function imageConfig(architecture: Architecture, origin: Origin, layers: readonly string[]) {
  const created = new Date(origin.created * 1000).toISOString().replace(".000Z", "Z");
  return {
    created,
    architecture,
    os: "linux",
    config: runConfig(origin),
    rootfs: { type: "layers", diff_ids: layers },
    history: ["Node and what it needs of Debian", "Serin"].map((comment) => ({ created, created_by: "make image", comment })),
  };
}

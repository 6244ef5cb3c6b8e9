import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** What `--version` of the built binaries says; the sources' own versions lie in go/go.mod and are checked against this by versions.test.ts. */
export const KUBERNETES = "1.36.3";
export const ISTIO = "1.31-dev";
export const ENVOY = "1.40.0";

/** The Go module that names every part that is built from source. */
export const GO_MODULE = join(import.meta.dirname, "go");

/**
 * Where the parts of exactly these versions lie, outside the checkout so that every checkout shares them. A change of any
 * version gives another folder: a build never has to ask whether what it finds is stale.
 */
export function cacheFolder(): string {
  const sources = createHash("sha256");
  for (const file of ["go.mod", "go.sum"]) sources.update(readFileSync(join(GO_MODULE, file)));
  const key = `kubernetes-${KUBERNETES}-istio-${ISTIO}-envoy-${ENVOY}-${sources.digest("hex").slice(0, 8)}`;
  const cache = process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache");
  return join(cache, "serin-lab", key);
}

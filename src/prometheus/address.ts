import { type Failure, failure } from "./failure.ts";

/** The query endpoint of a server: a path prefix is kept, as with `--web.route-prefix`. */
export function apiAddress(address: string | undefined): URL | Failure {
  if (address === undefined || address === "")
    return failure("no Prometheus is known: write provider.prometheus.address in the policy, or give Serin a default address");
  const url = URL.parse(address);
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:"))
    return failure("the Prometheus address is not an http or https URL: write for example http://prometheus.istio-system:9090");
  if (url.username !== "" || url.password !== "")
    return failure(
      `the Prometheus address ${url.origin} carries a user or password: remove it, everyone who may read policies can read it`,
    );
  url.hash = "";
  url.search = "";
  url.pathname = `${url.pathname.replace(/\/+$/, "")}/api/v1/query`;
  return url;
}

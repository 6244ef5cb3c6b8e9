import { apiVersion, release, systemNamespace } from "../api/names.ts";
import type { Deployment } from "../kube/object.ts";
import { resources } from "../kube/resources.ts";
import { type ConnectOptions, connected } from "./connected.ts";
import { printable } from "./cut.ts";
import type { Io } from "./io.ts";
import { formatOf, isForPeople, printObject, structured } from "./output/format.ts";
import type { VersionReport } from "./output/reportSchemas.ts";

export interface VersionOptions extends ConnectOptions {
  client?: boolean;
  output?: string;
}

/** `kubectl serin version`: the plugin's; and, where they can be read, the API server's and the images of Serin's own Deployments. */
export async function version(io: Io, options: VersionOptions): Promise<number> {
  const format = formatOf(options.output, structured);
  const asked = await Promise.allSettled([options.client ? {} : serverOf(io, options)]);
  const server = asked[0].status === "fulfilled" ? asked[0].value : {};
  const said: VersionReport = { apiVersion, kind: "Version", client: release, ...server };
  if (!isForPeople(format)) printObject(io, format, said, []);
  else
    io.out(
      [`client: ${release} (${apiVersion})`, ...Object.entries(server).map(([name, value]) => `${name}: ${value}`)]
        .map((line) => `${printable(line)}\n`)
        .join(""),
    );
  // As kubectl: its own version is told in any case.
  if (asked[0].status === "rejected") throw asked[0].reason;
  return 0;
}

/** Nobody asks for a version to be told that he may not read something. */
async function serverOf(io: Io, options: ConnectOptions): Promise<{ kubernetes?: string; server?: string }> {
  const cluster = connected(io, options);
  try {
    const [about, worker] = await Promise.allSettled([
      cluster.about(),
      cluster.client.get<Deployment>(resources.deployments, "serin-worker", systemNamespace),
    ]);
    if (about.status === "rejected") return {};
    const image = worker.status === "fulfilled" ? worker.value?.spec?.template.spec?.containers[0]?.image : undefined;
    return { kubernetes: about.value.version, ...(image === undefined ? {} : { server: image }) };
  } finally {
    await cluster.close();
  }
}

import { apiVersion } from "../api/names.ts";
import type { KubeEvent } from "../kube/object.ts";
import { resources } from "../kube/resources.ts";
import { ageSince } from "./age.ts";
import { type ConnectOptions, connected } from "./connected.ts";
import type { Cluster, Io } from "./io.ts";
import { formatOf, isForPeople, printObject } from "./output/format.ts";
import type { CanaryEvents } from "./output/schemas.ts";
import { table } from "./table.ts";
import { deploymentNamed } from "./target.ts";

export interface EventsOptions extends ConnectOptions {
  output?: string;
}

type Told = CanaryEvents["events"][number];

/** `kubectl serin events deploy/NAME`: what Serin said about it lately, the oldest first. */
export async function events(io: Io, words: readonly string[], options: EventsOptions): Promise<number> {
  const name = deploymentNamed(words, "events", "show the events of");
  const format = formatOf(options.output, ["json", "yaml", "jsonpath"]);
  const cluster = connected(io, options);
  try {
    const { namespace } = cluster;
    const told = await eventsOf(cluster.client, namespace, name);
    const said: CanaryEvents = { apiVersion, kind: "CanaryEvents", namespace, name, events: told };
    if (!isForPeople(format)) printObject(io, format, said, []);
    else if (told.length === 0)
      io.err(
        `no Events about ${name} in namespace ${namespace}: the API server keeps them for an hour; plans keep theirs: kubectl serin history deploy/${name}\n`,
      );
    else io.out(`${table([["AGE", "TYPE", "REASON", "PLAN", "MESSAGE"], ...told.map((each) => cellsOf(each, io.now()))]).join("\n")}\n`);
    return 0;
  } finally {
    await cluster.close();
  }
}

async function eventsOf(client: Cluster["client"], namespace: string, name: string): Promise<Told[]> {
  const { items } = await client.list<KubeEvent>(resources.events, { namespace, fieldSelector: `regarding.name=${name}` });
  return items
    .filter(({ reportingController, regarding }) => regarding?.kind === "Deployment" && /^serin\.dev\//.test(reportingController ?? ""))
    .map(({ eventTime, metadata, type, reason, note, related }) => ({
      at: eventTime ?? metadata.creationTimestamp ?? "",
      type: type ?? "",
      reason: reason ?? "",
      message: note ?? "",
      ...(related?.name === undefined ? {} : { plan: related.name }),
    }))
    .sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
}

const cellsOf = ({ at, type, reason, plan, message }: Told, now: number): string[] => [
  ageSince(at, now),
  type,
  reason,
  plan ?? "",
  message,
];

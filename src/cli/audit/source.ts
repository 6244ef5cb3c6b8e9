import { systemNamespace } from "../../api/names.ts";
import {
  type AuditHeads,
  type AuditKey,
  auditHeads,
  auditHeadsName,
  auditKey,
  auditKeysName,
  parseHeads,
  parseKeys,
} from "../../api/seal.ts";
import { ApiError } from "../../kube/apiError.ts";
import type { ConfigMap, KubeObject } from "../../kube/object.ts";
import { resources } from "../../kube/resources.ts";
import { type ConnectOptions, connected } from "../connected.ts";
import type { Cluster, Io } from "../io.ts";
import { UserError } from "../userError.ts";

/** Without `user`, which is who asked or decided. */
export interface AuditOptions extends Omit<ConnectOptions, "user"> {
  allNamespaces?: boolean;
  /** An export instead of the cluster. */
  filename?: string;
  output?: string;
}

/** The record as it was read, unchecked. */
export interface Source {
  plans: unknown[];
  heads: AuditHeads | undefined;
  keys: AuditKey[];
  /** Whether these are the plans of all namespaces. */
  complete: boolean;
  /** The only namespace that was asked for. */
  namespace?: string;
  /** What could not be read, and why. */
  unread: string[];
  /** When an export was made. Milliseconds since the epoch. */
  exportedAt?: number;
}

/** The first line of an export; each line after it is a CanaryPlan. */
export interface ExportHeader {
  kind: "SerinAuditExport";
  v: 1;
  at: string;
  complete: boolean;
  plans: number;
  heads: AuditHeads | null;
  keys: AuditKey[];
}

/** @param everywhere whether all namespaces are meant when none is named */
export async function readSource(io: Io, options: AuditOptions, everywhere: boolean): Promise<Source> {
  if (options.filename !== undefined) return narrowed(fromExport(await textOf(io, options.filename)), options.namespace || undefined);
  const cluster = connected(io, { ...options, user: undefined });
  try {
    const all = options.allNamespaces || (everywhere && !options.namespace);
    const namespace = all ? undefined : cluster.namespace;
    const { plans, heads } = await atOneMoment(cluster, namespace);
    const keys = await configMap(cluster, auditKeysName);
    const unread = [heads, keys].flatMap(({ error }) => error ?? []);
    const published = parseKeys(keys.data);
    return {
      plans: plans.map((plan) => ({ apiVersion: "serin.dev/v1alpha1", kind: "CanaryPlan", ...plan })),
      heads: parseHeads(heads.data),
      keys: published.keys,
      complete: namespace === undefined,
      ...(namespace === undefined ? {} : { namespace }),
      unread: [...unread, ...published.broken.map((name) => `public key ${name} of ConfigMap ${auditKeysName} is none`)],
    };
  } finally {
    await cluster.close();
  }
}

/** A plan that ends in between is neither missing nor ahead of the heads: both are read until they are of one moment. */
async function atOneMoment(cluster: Cluster, namespace: string | undefined): Promise<{ plans: KubeObject[]; heads: Read }> {
  let heads = await configMap(cluster, auditHeadsName);
  for (let round = 1; ; round += 1) {
    const plans = await cluster.client.list<KubeObject>(resources.canaryplans, { namespace });
    const after = await configMap(cluster, auditHeadsName);
    if (round === mostReads || heads.data?.["heads"] === after.data?.["heads"]) return { plans: plans.items, heads: after };
    heads = after;
  }
}

/** In a cluster that never rests the last moment has to do. */
const mostReads = 5;

type Read = { data?: Record<string, string>; error?: string };

async function configMap(cluster: Cluster, name: string): Promise<Read> {
  try {
    const found = await cluster.client.get<ConfigMap>(resources.configmaps, name, systemNamespace);
    return found?.data ? { data: found.data } : {};
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return { error: `ConfigMap ${name}: ${error.message}` };
  }
}

/** @throws UserError */
export async function textOf(io: Io, file: string): Promise<string> {
  try {
    return await io.read(file);
  } catch (error) {
    throw new UserError({
      what: `can't read ${file}`,
      why: (error as Error).message,
      todo: "name a file, or - for standard input",
      code: 2,
      cause: error,
    });
  }
}

function fromExport(text: string): Source {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const objects = lines.map(parsed);
  const header = objects.find(isHeader);
  const plans = objects.filter((object) => object !== undefined && !isHeader(object));
  const unread = objects.flatMap((object, index) => (object === undefined ? [`line ${index + 1} of the export is no JSON`] : []));
  if (!header)
    return {
      plans,
      heads: undefined,
      keys: [],
      complete: false,
      unread: [...unread, "the export's first line, with heads and keys, is missing"],
    };
  if (header.plans !== plans.length) unread.push(`the export was made of ${header.plans} plans, and ${plans.length} are there`);
  const heads = auditHeads.safeParse(header.heads);
  const keys = (Array.isArray(header.keys) ? header.keys : []).flatMap((key) => auditKey.safeParse(key).data ?? []);
  const exportedAt = Date.parse(String(header.at));
  const source = { plans, heads: heads.data, keys, complete: header.complete === true, unread };
  return Number.isNaN(exportedAt) ? source : { ...source, exportedAt };
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

const isHeader = (object: unknown): object is ExportHeader => (object as ExportHeader | undefined)?.kind === "SerinAuditExport";

/** One namespace of an export. */
function narrowed(source: Source, namespace: string | undefined): Source {
  if (namespace === undefined) return source;
  const of = (plan: unknown) => (plan as { metadata?: { namespace?: string } }).metadata?.namespace;
  return { ...source, plans: source.plans.filter((plan) => of(plan) === namespace), complete: false, namespace };
}

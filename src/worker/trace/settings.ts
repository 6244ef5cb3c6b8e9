/** Where traces go, in OpenTelemetry's own words. */
export interface TraceSettings {
  url: URL;
  /** Sent with each request; they may be secret. */
  headers: Record<string, string>;
  /** Of one attempt. Milliseconds. */
  timeoutMs: number;
  resource: Record<string, string>;
}

type Env = Readonly<Record<string, string | undefined>>;

/**
 * Off unless OTEL_EXPORTER_OTLP_ENDPOINT or OTEL_EXPORTER_OTLP_TRACES_ENDPOINT is set (opentelemetry.io: "OpenTelemetry Protocol Exporter"). OTLP is spoken
 * over HTTP in JSON, which every collector takes where it takes protobuf over HTTP.
 * @returns undefined: off, also when it can't be understood; `onTrouble` is told what to write instead
 */
export function traceSettings(env: Env, onTrouble: (message: string) => void): TraceSettings | undefined {
  if (env["OTEL_SDK_DISABLED"]?.toLowerCase() === "true" || env["OTEL_TRACES_EXPORTER"] === "none") return undefined;
  const of = (name: string) => env[`OTEL_EXPORTER_OTLP_TRACES_${name}`] || env[`OTEL_EXPORTER_OTLP_${name}`] || undefined;
  const own = env["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] || undefined;
  const base = env["OTEL_EXPORTER_OTLP_ENDPOINT"] || undefined;
  const text = own ?? (base === undefined ? undefined : `${base.replace(/\/+$/, "")}/v1/traces`);
  if (text === undefined) return undefined;
  const url = URL.parse(text);
  const refuse = (message: string): undefined => void onTrouble(`no traces are sent: ${message}`);
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:"))
    return refuse("OTEL_EXPORTER_OTLP_ENDPOINT is no http or https URL: write for example http://otel-collector.observability:4318");
  if (of("PROTOCOL") === "grpc")
    return refuse("OTEL_EXPORTER_OTLP_PROTOCOL grpc is not spoken: write http/json and the collector's HTTP port, usually 4318");
  const timeoutMs = Number(of("TIMEOUT") ?? 10_000);
  return {
    url,
    headers: pairsIn(of("HEADERS")),
    timeoutMs: timeoutMs > 0 && timeoutMs <= 60_000 ? timeoutMs : 10_000,
    resource: { ...pairsIn(env["OTEL_RESOURCE_ATTRIBUTES"]), "service.name": env["OTEL_SERVICE_NAME"] || "serin" },
  };
}

/** `key=value,key=value`, values percent-encoded, as W3C Baggage. What is no pair is overlooked. */
function pairsIn(text: string | undefined): Record<string, string> {
  const pairs = (text ?? "").split(",").flatMap((pair): Array<[string, string]> => {
    const at = pair.indexOf("=");
    return at <= 0 ? [] : [[pair.slice(0, at).trim(), decoded(pair.slice(at + 1).trim())]];
  });
  return Object.fromEntries(pairs);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

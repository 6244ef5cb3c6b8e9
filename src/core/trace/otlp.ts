import { fromTime } from "../analysis/time.ts";
import type { Span, Trace } from "./spans.ts";

/** Who tells it: `service.name` and whatever else the installation says of itself. */
export type Resource = Readonly<Record<string, string>>;

/**
 * A trace as an ExportTraceServiceRequest in OTLP's JSON encoding: ids in hexadecimal, 64-bit numbers as text, enums as numbers
 * (opentelemetry-proto, docs/specification.md, "JSON Protobuf Encoding").
 */
export function otlpTrace({ id, spans }: Trace, resource: Resource, version: string): object {
  return {
    resourceSpans: [
      {
        resource: { attributes: attributesOf(resource) },
        scopeSpans: [{ scope: { name: "serin", version }, spans: spans.map((span) => otlpSpan(id, span)) }],
      },
    ],
  };
}

/** SPAN_KIND_INTERNAL; STATUS_CODE_UNSET, _OK and _ERROR. */
const internal = 1;
const status = { unset: 0, ok: 1, error: 2 };

function otlpSpan(traceId: string, { id, parent, name, start, end, attributes, events, outcome }: Span): object {
  return {
    traceId,
    spanId: id,
    ...(parent === undefined ? {} : { parentSpanId: parent }),
    name,
    kind: internal,
    startTimeUnixNano: nanos(start),
    // Times come from several clocks: a span never ends before it begins.
    endTimeUnixNano: nanos(Date.parse(end) < Date.parse(start) ? start : end),
    attributes: attributesOf(attributes),
    events: events.map(({ at, name: what, message }) => ({ timeUnixNano: nanos(at), name: what, attributes: attributesOf({ message }) })),
    // Only an error may have a message.
    status:
      outcome === undefined ? { code: status.unset } : outcome.ok ? { code: status.ok } : { code: status.error, message: outcome.message },
  };
}

/** 0 is OTLP's word for a time that nobody knows. */
const nanos = (time: string): string => String(BigInt(fromTime(time)) * 1_000_000n);

function attributesOf(values: Readonly<Record<string, string | number | boolean>>): object[] {
  return Object.entries(values).map(([key, value]) => ({ key, value: anyValue(value) }));
}

function anyValue(value: string | number | boolean): object {
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
}

import type { SyntaxNode } from "@lezer/common";
import { neutral } from "../../../core/analysis/query.ts";
import { parsePromql } from "../../../core/promql/syntax.ts";
import { type ArgValue, type Known, plain } from "./args.ts";

/* A query may name the Service of one revision itself, instead of taking it as an argument. */

export interface Named {
  /** With what such a name stands for in its place, as `write` says it. */
  readonly query: string;
  readonly revisions: ReadonlySet<"canary" | "stable">;
  /** Matchers that name such a Service within a longer text, or as a regular expression: what they stand for can't be told. */
  readonly unread: readonly string[];
}

/** @param write what stands for a Service of one revision in the query */
export function namedServices(query: string, known: Known, write: (value: Required<ArgValue>) => string): Named {
  const own = [known.canaryService, known.canaryService && known.stableService].filter((name) => name !== undefined && name !== "");
  const revisions = new Set<"canary" | "stable">();
  const unread: string[] = [];
  const edits: Array<{ from: number; to: number; text: string }> = [];
  parsePromql(neutral(query)).iterate({
    enter: ({ node }) => {
      const value = node.name.endsWith("LabelMatcher") ? node.getChild("StringLiteral") : null;
      if (value === null) return;
      const text = query.slice(value.from + 1, value.to - 1);
      const meant = isEqual(node) && isName.test(text) ? plain(text, known) : undefined;
      if (meant?.revision !== undefined) {
        revisions.add(meant.revision);
        edits.push({ from: value.from + 1, to: value.to - 1, text: write({ ...meant, revision: meant.revision }) });
      } else if (own.some((name) => name !== undefined && namesIt(text, name))) unread.push(query.slice(node.from, node.to));
    },
  });
  const written = edits.reduceRight((sofar, { from, to, text }) => sofar.slice(0, from) + text + sofar.slice(to), query);
  return { query: written, revisions, unread };
}

const isName = /^[A-Za-z0-9.-]+$/;

/** `=`, or a regular expression, in which a name matches itself. */
function isEqual(matcher: SyntaxNode): boolean {
  const operator = matcher.getChild("MatchOp")?.firstChild?.name;
  return operator === "EqlSingle" || operator === "EqlRegex";
}

/** As a word of its own: `web-canary` is not in `web-canary-2`. */
const namesIt = (text: string, name: string): boolean => text.split(/[^A-Za-z0-9-]+/).includes(name);

import { parsePromql } from "./syntax.ts";

/**
 * The query with one more matcher in every selector of which `wanted` says so; it is given the selector's text. For queries that counted one
 * revision by the name of its own Service or workload, where both revisions now share one. `plain` is what is parsed instead of a query with
 * placeholders; it has the same length.
 */
export function withMatcher(query: string, matcher: string, wanted: (selector: string) => boolean, plain = query): string {
  const inserts: Array<{ at: number; text: string }> = [];
  parsePromql(plain).iterate({
    enter: ({ node }) => {
      if (node.name !== "VectorSelector" || !wanted(query.slice(node.from, node.to))) return;
      const matchers = node.getChild("LabelMatchers");
      if (matchers === null) inserts.push({ at: node.to, text: `{${matcher}}` });
      else inserts.push({ at: matchers.from + 1, text: matchers.firstChild === null ? matcher : `${matcher},` });
    },
  });
  return inserts.reduceRight((text, { at, text: inserted }) => text.slice(0, at) + inserted + text.slice(at), query);
}

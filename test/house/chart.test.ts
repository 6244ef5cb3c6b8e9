import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { parsePolicy } from "../../src/api/parse.ts";
import { splice } from "../../src/chart/splice.ts";
import { values } from "../../src/chart/values.ts";
import { textOf } from "./sources.ts";

/* What is by hand in the chart, and how manifests become templates. test/lab/chart.test.ts compares what helm renders with what kubectl applies. */

describe("the chart", () => {
  it("its notes have a policy that is one, and what is copied into a shell ends there", () => {
    const [, text = ""] = /^kubectl apply -f - <<EOF\n([\s\S]*?)\nEOF$/m.exec(textOf("manifests/helm/templates/NOTES.txt")) ?? [];
    expect(parsePolicy(parse(text))).toMatchObject({ policy: { metadata: { name: "everything" } } });
  });

  it("values.yaml has each default, and each is one that the schema takes", () => {
    const written: unknown = parse(textOf("manifests/helm/values.yaml"));
    expect(written).toEqual(values.parse({}));
    expect(values.safeParse(written).success).toBe(true);
  });
});

describe("a manifest as a template", () => {
  const text = [
    "# why",
    "kind: A",
    "metadata:",
    "  name: a",
    "spec:",
    "  count: 2 # two",
    "  list:",
    "    - name: x",
    "      says: {{ its }}",
    "    # of y",
    "    - name: y",
    "  last: 1",
    "",
  ].join("\n");

  it("keeps its text and its comments, and escapes what Helm would take for its own", () => {
    expect(splice(text, [])).toBe(text.replace("{{ its }}", '{{ "{{" }} its }}'));
  });

  it("has a value put in place, a field replaced, and lines after a field or an item of a list, at their indentation", () => {
    const edited = splice(text, [
      { of: "A/a", at: ["spec", "list", "x"], follow: (indent) => `- name: z${indent}` },
      { of: "A/a", at: ["spec", "count"], put: "{{ .Values.count }}" },
      { of: "A/a", at: ["spec", "last"], replaceBy: (indent) => `first: ${indent}\nsecond: 2` },
      { of: "A/a", at: ["metadata", "name"], follow: () => "more: 1" },
    ]);
    expect(edited.split("\n")).toEqual([
      ...[
        "# why",
        "kind: A",
        "metadata:",
        "  name: a",
        "  more: 1",
        "spec:",
        "  count: {{ .Values.count }} # two",
        "  list:",
        "    - name: x",
      ],
      ...['      says: {{ "{{" }} its }}', "    - name: z4", "    # of y", "    - name: y", "  first: 2", "  second: 2", ""],
    ]);
  });

  it.each<[string, string[]]>([
    ["A/a", ["spec", "gone"]],
    ["A/a", ["spec", "list", "w"]],
    ["A/b", ["spec"]],
  ])("an edit of %s %j finds no place, and says so", (of, at) => {
    expect(() => splice(text, [{ of, at, put: "x" }])).toThrow(`${of} has no ${at.join(".")}, which the chart sets`);
  });
});

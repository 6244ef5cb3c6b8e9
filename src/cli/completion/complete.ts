import { namesFile, type Verb, valuesOf } from "./tree.ts";

/** cobra's directive: no files. */
const noFiles = 4;
/** cobra's directive: nothing special, so files where nothing is offered. */
const files = 0;

/** What kubectl is asked for, with the word that is being typed behind it. */
export interface Completed {
  /** Word, tab, description. */
  lines: string[];
  directive: number;
  kubectl?: "namespaces" | "contexts" | "deployments";
}

/** What may stand in place of the last word, which may be empty. */
export function complete(verbs: readonly Verb[], words: readonly string[]): Completed {
  const typed = words.at(-1) ?? "";
  const before = words.slice(0, -1);
  const verb = deepest(verbs, before);
  if (verb === undefined) return { lines: before.length === 0 ? offered(verbs, typed) : [], directive: noFiles };
  const option = verb.options.find(({ flags, takesValue }) => takesValue && flags.includes(before.at(-1) ?? ""));
  if (option !== undefined) return inOption(option, typed);
  if (typed.startsWith("-")) {
    const lines = verb.options.map(({ flags, description }) => ({ name: flags[0] ?? "", description }));
    return { lines: offered(lines, typed), directive: noFiles };
  }
  if (verb.verbs.length > 0 && !verb.namesDeployment) return { lines: offered(verb.verbs, typed), directive: noFiles };
  return verb.namesDeployment ? { lines: [], directive: noFiles, kubectl: "deployments" } : { lines: [], directive: noFiles };
}

function inOption({ flags, description }: Verb["options"][number], typed: string): Completed {
  const values = valuesOf(flags, description);
  if (values === undefined) return { lines: [], directive: namesFile(flags) ? files : noFiles };
  if ("kubectl" in values) return { lines: [], directive: noFiles, kubectl: values.kubectl };
  return { lines: values.choices.filter((each) => each.startsWith(typed)), directive: noFiles };
}

/** The last verb of the words, as deep as there are verbs below verbs. */
function deepest(verbs: readonly Verb[], words: readonly string[]): Verb | undefined {
  const [first = "", ...rest] = words;
  const verb = verbs.find(({ name }) => name === first);
  return verb && (deepest(verb.verbs, rest) ?? verb);
}

const offered = (of: ReadonlyArray<{ name: string; description: string }>, typed: string): string[] =>
  of.filter(({ name }) => name.startsWith(typed)).map(({ name, description }) => `${name}\t${description}`);

import { fieldPath } from "../../api/parse.ts";
import { printable } from "../cut.ts";
import type { Path } from "../manifest/place.ts";
import type { Written } from "../manifest/read.ts";

/** What did not map, or maps with a difference: where in the source, and what to do instead. */
export interface Remark {
  readonly source: Written;
  readonly path: Path;
  /** It changes what is judged or how traffic moves. */
  readonly matters: boolean;
  readonly message: string;
}

/** Collects remarks about one object; paths are relative to where it stands. */
export class Remarks {
  readonly all: Remark[];
  readonly #source: Written;
  readonly #base: Path;

  constructor(source: Written, base: Path = [], all: Remark[] = []) {
    this.all = all;
    this.#source = source;
    this.#base = base;
  }

  /** The same list, further inside the object. */
  in(...path: Path): Remarks {
    return new Remarks(this.#source, [...this.#base, ...path], this.all);
  }

  /** The same list, of another object. */
  of(source: Written, ...path: Path): Remarks {
    return new Remarks(source, path, this.all);
  }

  /** Good to know. */
  note(path: Path, message: string): void {
    this.#add(path, message, false);
  }

  /** Changes what is judged or how traffic moves. */
  matters(path: Path, message: string): void {
    this.#add(path, message, true);
  }

  /** Fields that nobody has looked at. */
  leftover(fields: Readonly<Record<string, unknown>>, known: readonly string[]): void {
    for (const key of Object.keys(fields))
      if (!known.includes(key)) this.matters([key], "is not known here, so it was left out: see whether you need it");
  }

  #add(path: Path, message: string, matters: boolean): void {
    const whole = [...this.#base, ...path];
    const told = this.all.some((one) => one.source === this.#source && one.message === message && fieldPath(one.path) === fieldPath(whole));
    if (!told) this.all.push({ source: this.#source, path: whole, matters, message });
  }
}

/** `file:line:column: matters: Rollout web: spec.strategy…: sentence`. */
export function remarkLine({ source, path, matters, message }: Remark): string {
  const { line, column } = source.place(path);
  const where = path.length === 0 ? "" : `${fieldPath(path)}: `;
  return printable(`${source.file}:${line}:${column}: ${matters ? "matters" : "note"}: ${source.kind} ${source.name}: ${where}${message}`);
}

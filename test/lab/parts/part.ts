/** One thing the lab needs in its cache, and how it gets there. */
export interface Part {
  /** The file name in the cache. */
  readonly name: string;
  /** For the progress line: what is done, and how long it takes on two cores. */
  readonly doing: string;
  /** Commands that must be on PATH to make it; named together in one error if they are not. */
  readonly needs: readonly Tool[];
  /** Writes the part to `target`, which is a temporary name: the caller renames it, so a part is there whole or not at all. */
  make(target: string): Promise<void>;
  /** A file already on this machine that is as good. */
  found?(): Promise<string | undefined>;
}

export interface Tool {
  readonly command: string;
  /** Debian's package with that command. */
  readonly debian: string;
  /** For a tool that may be there but too old or half installed: says what is wrong, or nothing. */
  wrong?(): string | undefined;
}

import type { Io } from "../io.ts";
import { UserError } from "../userError.ts";
import { readManifest, type Written } from "./read.ts";

/** The objects of all files that were named with -f; `-` is standard input. @throws UserError when there is none, or one can't be read */
export async function loadManifests(io: Io, doing: string, files: readonly string[]): Promise<Written[]> {
  if (files.length === 0)
    throw new UserError({
      what: `nothing to ${doing}`,
      why: "no file is named",
      todo: `write it like: kubectl serin ${doing} -f FILE.yaml`,
    });
  const texts = await Promise.all(files.map(async (file) => [file, await read(io, doing, file)] as const));
  return texts.flatMap(([file, text]) => readManifest(file, text));
}

async function read(io: Io, doing: string, file: string): Promise<string> {
  try {
    return await io.read(file);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UserError({ what: `can't ${doing} ${file}`, why, todo: "name a YAML file, or - for standard input", cause: error });
  }
}

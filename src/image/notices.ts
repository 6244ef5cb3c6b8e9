import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type LockedPackages, nameOf } from "./lockedPackages.ts";

/** The licences of what is bundled ask to be handed on with it: one text, in the order of the folders. */
export async function noticesOf(checkout: string, bundled: readonly string[], packages: LockedPackages): Promise<string> {
  const notices = await Promise.all(
    bundled.map(async (folder) => {
      const files = (await readdir(join(checkout, folder))).filter((name) => /^(licen[cs]e|notice|copying)/i.test(name)).sort();
      const texts = await Promise.all(files.map((name) => readFile(join(checkout, folder, name), "utf8")));
      const { version, license = "no licence named" } = packages[folder] ?? {};
      return [`${nameOf(folder)} ${version}, ${license}`, ...texts.map((text) => text.trim())].join("\n\n");
    }),
  );
  return `${notices.join(`\n\n${"-".repeat(80)}\n\n`)}\n`;
}

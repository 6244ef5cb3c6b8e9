import { copyFile, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LabFault } from "../labFault.ts";
import type { Part } from "./part.ts";
import { run } from "./run.ts";
import { onPath } from "./tools.ts";

/** Only the binary is taken out of Debian's package: installing the package would start its service and keep it running. */
const part = (name: string): Part => ({
  name,
  doing: `fetching ${name}`,
  needs:
    onPath(name) === undefined
      ? [
          { command: "apt-get", debian: "prometheus" },
          { command: "dpkg-deb", debian: "dpkg" },
        ]
      : [],
  found: async () => onPath(name),
  async make(target) {
    const folder = await mkdtemp(join(tmpdir(), "serin-prometheus-"));
    try {
      await download(folder);
      const archive = (await readdir(folder)).find((file) => file.endsWith(".deb"));
      if (archive === undefined) throw new LabFault("apt-get fetched no package. Install Prometheus yourself and put it on PATH.");
      await run("dpkg-deb", ["-x", join(folder, archive), folder]);
      await copyFile(join(folder, "usr", "bin", name), target);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
});

/** Prometheus, and the tool that checks and tests its rules. */
export const prometheusParts: readonly Part[] = ["prometheus", "promtool"].map(part);

/** A machine whose package lists were never fetched knows no package; root can change that. */
async function download(folder: string): Promise<void> {
  const fetch = () => run("apt-get", ["-q", "-o", "APT::Sandbox::User=root", "download", "prometheus"], { cwd: folder });
  try {
    await fetch();
  } catch (error) {
    if (process.getuid?.() !== 0) throw error;
    await run("apt-get", ["-q", "-o", "DPkg::Lock::Timeout=300", "update"]);
    await fetch();
  }
}

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeServingCertificate } from "./makeServingCertificate.ts";
import { webhookNames } from "./webhookNames.ts";

/** Writes a set for trying the webhook on one's own machine. The folder is ignored by git; keys are readable by their owner alone. */
export async function writeLocalCertificates(folder: string, namespace: string, now: Date): Promise<string[]> {
  const { cert, key, ca } = await makeServingCertificate(webhookNames(namespace), now);
  await mkdir(folder, { recursive: true });
  const files = { "tls.crt": cert, "tls.key": key, "ca.crt": ca };
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(folder, name), content, { mode: name.endsWith(".key") ? 0o600 : 0o644 });
  }
  return Object.keys(files).map((name) => join(folder, name));
}

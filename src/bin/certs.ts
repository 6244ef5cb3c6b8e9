import { join } from "node:path";
import { systemNamespace } from "../api/names.ts";
import { writeLocalCertificates } from "../tls/localCertificates.ts";

/** `make certs`: a certificate for trying the webhook locally, into certs/. */
const folder = join(import.meta.dirname, "..", "..", "certs");
for (const file of await writeLocalCertificates(folder, systemNamespace, new Date())) process.stdout.write(`${file}\n`);

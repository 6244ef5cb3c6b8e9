/** What a container's runtime does with an image, by hand: the files read-only, the user of the image, a pod's mounts, no rights at all. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { treeOf } from "../../src/image/tree.ts";
import { writeTree } from "../../src/image/writeTree.ts";
import { flattened, readLayout, type UnpackedImage } from "../image/unpacked.ts";
import { APISERVER_SERVICE } from "./addresses.ts";

export interface RunnableImage {
  /** The unpacked files, and where a pod's mounts go. */
  readonly root: string;
  readonly config: UnpackedImage["config"]["config"];
}

const ACCOUNT = "var/run/secrets/kubernetes.io/serviceaccount";
const [APISERVER_IP = "", APISERVER_PORT = ""] = APISERVER_SERVICE.split(":");

/** Unpacks an OCI image layout into a folder. */
export async function unpackImage(layout: string, architecture: string, root: string): Promise<RunnableImage> {
  const image = await readLayout(layout, architecture);
  await mkdir(root);
  await writeTree(treeOf(flattened(image)), root);
  await mkdir(join(root, ACCOUNT), { recursive: true });
  await writeFile(join(root, "etc/hosts"), `${await readFile("/etc/hosts", "utf8")}\n${APISERVER_IP} kubernetes.default.svc\n`);
  return { root, config: image.config.config };
}

/** What a pod finds of its ServiceAccount. @returns the folder */
export async function writeServiceAccount(
  folder: string,
  { ca, token, namespace }: Record<"ca" | "token" | "namespace", string>,
): Promise<string> {
  await mkdir(folder);
  for (const [name, content] of Object.entries({ "ca.crt": ca, token, namespace })) await writeFile(join(folder, name), content);
  return folder;
}

/** With a mount namespace of its own, which goes with the process. $1 root, $2 account, $3 user:group */
const ENTER = `
set -eu
root=$1 account=$2 user=$3; shift 3
mount --bind "$root" "$root"
mount --bind "$account" "$root/${ACCOUNT}"
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
mount -o remount,bind,ro "$root"
cd "$root"
chroot=$(PATH=/usr/sbin:/usr/bin:/sbin:/bin command -v chroot)
exec setpriv --no-new-privs "$chroot" --userspec="$user" --groups= "$root" "$@"
`;

/**
 * A program of the image as a process for this machine, with nothing in its environment but what the image says and a pod gets.
 * @param account a folder of `writeServiceAccount`
 */
export function inContainer(
  { root, config }: RunnableImage,
  { args, env, account }: { args: string[]; env: NodeJS.ProcessEnv; account: string },
) {
  return {
    command: "unshare",
    args: ["--mount", "sh", "-c", ENTER, "container", root, account, config.User, ...config.Entrypoint, ...args],
    env: {
      ...Object.fromEntries(config.Env.map((pair) => pair.split(/=(.*)/s))),
      KUBERNETES_SERVICE_HOST: APISERVER_IP,
      KUBERNETES_SERVICE_PORT: APISERVER_PORT,
      ...env,
    },
  };
}

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ADVERTISED, APISERVER, APISERVER_PORT, ETCD, ETCD_PEER, POD_RANGE, SERVICE_RANGE } from "./addresses.ts";
import { type Certificates, makeCertificates } from "./certificates.ts";
import { answersOk, answersOkOverTls } from "./httpAnswers.ts";
import { makeStaticTokens, type StaticTokens, type StaticUser, writeKubeconfig } from "./kubeconfig.ts";
import type { LabOptions } from "./options.ts";
import { partFile } from "./parts/ensureParts.ts";
import type { Processes } from "./processes.ts";

/** The witness of who wrote what and how often: one line per finished request, without its content. */
const auditPolicy = ({ auditBodies = false }: Pick<LabOptions, "auditBodies">) => ({
  apiVersion: "audit.k8s.io/v1",
  kind: "Policy",
  omitStages: ["RequestReceived"],
  rules: [
    ...(auditBodies
      ? [
          {
            level: "RequestResponse",
            verbs: ["create", "update", "patch", "delete"],
            resources: [{ group: "apps", resources: ["deployments"] }],
            omitManagedFields: true,
          },
        ]
      : []),
    { level: "Metadata" },
  ],
});

/** Starts etcd, kube-apiserver and kube-controller-manager; gives the kubeconfig of each user. */
export async function startControlPlane(
  dir: string,
  processes: Processes,
  options: Pick<LabOptions, "auditBodies">,
): Promise<Record<StaticUser, string>> {
  const [certificates, tokens] = await Promise.all([makeCertificates(dir), makeStaticTokens(dir), startEtcd(dir, processes)]);
  const users = Object.keys(tokens.of) as StaticUser[];
  const files = await Promise.all(users.map((user) => writeKubeconfig(dir, user, certificates.ca, tokens.of[user])));
  const kubeconfigs = Object.fromEntries(users.map((user, i) => [user, files[i]])) as Record<StaticUser, string>;
  await startApiserver(dir, processes, certificates, tokens, auditPolicy(options));
  await startControllerManager(processes, certificates, kubeconfigs["controller-manager"]);
  return kubeconfigs;
}

async function startEtcd(dir: string, processes: Processes): Promise<void> {
  const args = [
    `--data-dir=${join(dir, "etcd")}`,
    `--listen-client-urls=http://${ETCD}`,
    `--advertise-client-urls=http://${ETCD}`,
    `--listen-peer-urls=http://${ETCD_PEER}`,
    `--initial-advertise-peer-urls=http://${ETCD_PEER}`,
    `--initial-cluster=default=http://${ETCD_PEER}`,
    "--unsafe-no-fsync",
    "--log-level=warn",
  ];
  const command = await partFile("etcd");
  await processes.start({ name: "etcd", command, args, ready: () => answersOk(`http://${ETCD}/readyz`) });
}

async function startApiserver(
  dir: string,
  processes: Processes,
  certificates: Certificates,
  tokens: StaticTokens,
  auditing: object,
): Promise<void> {
  const policy = join(dir, "audit-policy.json");
  await writeFile(policy, JSON.stringify(auditing));
  const args = [
    `--etcd-servers=http://${ETCD}`,
    "--bind-address=0.0.0.0",
    `--secure-port=${APISERVER_PORT}`,
    `--advertise-address=${ADVERTISED}`,
    `--service-cluster-ip-range=${SERVICE_RANGE}`,
    `--tls-cert-file=${certificates.certFile}`,
    `--tls-private-key-file=${certificates.keyFile}`,
    `--token-auth-file=${tokens.file}`,
    `--service-account-key-file=${certificates.tokenKeyFile}`,
    `--service-account-signing-key-file=${certificates.tokenKeyFile}`,
    "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
    "--authorization-mode=RBAC",
    "--enable-admission-plugins=OwnerReferencesPermissionEnforcement",
    "--allow-privileged=true",
    `--audit-policy-file=${policy}`,
    `--audit-log-path=${join(dir, "audit.log")}`,
    "--audit-log-maxsize=10000",
    "--profiling=false",
  ];
  await processes.start({
    name: "kube-apiserver",
    command: await partFile("kube-apiserver"),
    args,
    // Its start is what a lab's start waits for most; collecting garbage less often saves a seventh of it.
    env: { GOGC: "400", ...process.env },
    ready: () => answersOkOverTls(`${APISERVER}/readyz`, certificates.ca, tokens.of.admin),
  });
}

async function startControllerManager(processes: Processes, certificates: Certificates, kubeconfig: string): Promise<void> {
  const args = [
    `--kubeconfig=${kubeconfig}`,
    "--leader-elect=false",
    "--secure-port=0",
    "--use-service-account-credentials=true",
    `--service-account-private-key-file=${certificates.tokenKeyFile}`,
    `--root-ca-file=${certificates.caFile}`,
    `--cluster-cidr=${POD_RANGE}`,
    "--allocate-node-cidrs=false",
    "--kube-api-qps=200",
    "--kube-api-burst=400",
  ];
  await processes.start({ name: "kube-controller-manager", command: await partFile("kube-controller-manager"), args });
}

import { readFileSync } from "node:fs";
import { Pool } from "undici";
import { parse } from "yaml";

interface Answer {
  status: number;
  text: string;
}

/** kube-apiserver over a few connections that stay, with the rights of the kubeconfig's user: the lab's admin, by certificate or token. */
export interface KubeApi {
  send(method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE", path: string, body?: unknown, type?: string): Promise<Answer>;
  close(): Promise<void>;
}

export function kubeApi(kubeconfig: string, connections: number): KubeApi {
  const { clusters, users } = parse(readFileSync(kubeconfig, "utf8"));
  const [{ cluster }, { user }] = [clusters[0], users[0]];
  const pem = (of: Record<string, string>, name: string) =>
    of[`${name}-data`] ? Buffer.from(of[`${name}-data`] ?? "", "base64").toString() : of[name] && readFileSync(of[name], "utf8");
  const [ca, cert, key] = [pem(cluster, "certificate-authority"), pem(user, "client-certificate"), pem(user, "client-key")];
  const pool = new Pool(cluster.server, {
    connections,
    allowH2: false,
    connect: { ...(ca ? { ca } : {}), ...(cert ? { cert } : {}), ...(key ? { key } : {}) },
  });
  const authorization = user.token ? { authorization: `Bearer ${user.token}` } : {};
  return {
    async send(method, path, body, type = "application/json") {
      const answer = await pool.request({
        method,
        path,
        headers: {
          ...authorization,
          accept: "application/json",
          "user-agent": "serin-bench/1",
          ...(body === undefined ? {} : { "content-type": type }),
        },
        body: body === undefined ? null : JSON.stringify(body),
      });
      return { status: answer.statusCode, text: await answer.body.text() };
    },
    close: () => pool.destroy(),
  };
}

import { request } from "node:https";

/** Whether an http address answers 200: what most parts offer as their sign of being ready. */
export async function answersOk(url: string): Promise<boolean> {
  return (await fetch(url, { signal: AbortSignal.timeout(1_000) })).ok;
}

/** The same for kube-apiserver, whose certificate only the lab's authority vouches for. */
export function answersOkOverTls(url: string, ca: string, token: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const question = request(url, { ca, agent: false, timeout: 1_000, headers: { authorization: `Bearer ${token}` } }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    });
    question.on("timeout", () => question.destroy(new Error("timeout")));
    question.on("error", reject);
    question.end();
  });
}

/** The names under which kube-apiserver, or a person trying it out, may reach the webhook. The first one goes into the subject. */
export function webhookNames(namespace: string, extra: readonly string[] = []): string[] {
  const service = `serin-webhook.${namespace}`;
  return [`${service}.svc`, `${service}.svc.cluster.local`, service, "localhost", "127.0.0.1", ...extra];
}

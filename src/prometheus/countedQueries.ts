import type { Prometheus } from "./client.ts";

/** The same client, which tells of each query whether there was an answer. One that its asker gave up tells nothing. */
export function countedQueries<Client extends Prometheus>(client: Client, asked: (isAnswered: boolean) => void): Client {
  return {
    ...client,
    async query(promql, options) {
      const answer = await client.query(promql, options);
      if (!options?.signal?.aborted) asked(answer.kind === "values");
      return answer;
    },
  };
}

/**
 * Carries out the jobs in order, so many at a time. Each lane takes the next job as soon as it is free.
 * @returns the results in the order of the jobs
 */
export async function inLanes<Job, Result>(jobs: readonly Job[], lanes: number, run: (job: Job) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = [];
  let next = 0;
  const lane = async () => {
    while (next < jobs.length) {
      const at = next++;
      results[at] = await run(jobs[at] as Job);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return results;
}

interface Running<Answer> {
  answer: Promise<Answer>;
  callers: number;
  abandon: AbortController;
}

/**
 * Asks once for all callers with the same key at the same time. A caller whose signal aborts gets undefined and the others go on waiting;
 * when the last one has gone, `abandoned` aborts.
 */
export function sharedAnswers<Answer>() {
  const running = new Map<string, Running<Answer>>();

  const start = (key: string, ask: (abandoned: AbortSignal) => Promise<Answer>): Running<Answer> => {
    const abandon = new AbortController();
    const answer = ask(abandon.signal).finally(() => {
      if (running.get(key)?.abandon === abandon) running.delete(key);
    });
    const started = { answer, callers: 0, abandon };
    running.set(key, started);
    return started;
  };

  return async (
    key: string,
    signal: AbortSignal | undefined,
    ask: (abandoned: AbortSignal) => Promise<Answer>,
  ): Promise<Answer | undefined> => {
    if (signal?.aborted) return undefined;
    const one = running.get(key) ?? start(key, ask);
    one.callers += 1;
    try {
      return await (signal === undefined ? one.answer : Promise.race([one.answer, aborted(signal, one.answer)]));
    } finally {
      one.callers -= 1;
      if (one.callers === 0) {
        // Whoever asks next must not get the answer of a request that is being torn down.
        if (running.get(key) === one) running.delete(key);
        one.abandon.abort();
      }
    }
  };
}

/** undefined as soon as the signal aborts; its listener goes with the answer. */
function aborted(signal: AbortSignal, answer: Promise<unknown>): Promise<undefined> {
  return new Promise((resolve) => {
    const stop = (): void => resolve(undefined);
    signal.addEventListener("abort", stop, { once: true });
    const forget = (): void => signal.removeEventListener("abort", stop);
    answer.then(forget, forget);
  });
}

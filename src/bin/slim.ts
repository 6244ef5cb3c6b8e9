import type { Plugin } from "esbuild";

/** What `src/kube` and `src/prometheus` use of undici; its index would load fetch, WebSocket, caches and mocks with it: 90 ms at each start. */
const undici = `
const Dispatcher = require("./lib/dispatcher/dispatcher");
Object.assign(Dispatcher.prototype, require("./lib/api"));
exports.Pool = require("./lib/dispatcher/pool");
exports.Agent = require("./lib/dispatcher/agent");
exports.buildConnector = require("./lib/core/connect");
exports.request = (address, { dispatcher, ...options }) => {
  const { origin, pathname, search } = new URL(address);
  return dispatcher.request({ ...options, origin, path: pathname + search, method: options.method ?? "GET" });
};`;

/** Our messages are in English: zod brings 50 languages. */
const locales = 'export { default as en } from "./en.js";';

/** Leaves out what is never reached of two packages, since reading it would take longer than all that is reached. */
export const slim: Plugin = {
  name: "slim",
  setup(builder) {
    builder.onLoad({ filter: /[\\/]undici[\\/]index\.js$/ }, () => ({ contents: undici }));
    builder.onLoad({ filter: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({ contents: locales }));
  },
};

import type { Plugin } from "esbuild";

/** What `src/kube` and `src/prometheus` use of undici; its index would load fetch, WebSocket, caches and mocks with it: 90 ms at each start. */
const undici = `
const Dispatcher = require("./lib/dispatcher/dispatcher");
Object.assign(Dispatcher.prototype, require("./lib/api"));
exports.Pool = require("./lib/dispatcher/pool");
const Agent = require("./lib/dispatcher/agent");
exports.Agent = class extends Agent {
  constructor(options) {
    super({ ...options, allowH2: false });
  }
};
exports.buildConnector = require("./lib/core/connect");
exports.request = (address, { dispatcher, ...options }) => {
  const { origin, pathname, search } = new URL(address);
  return dispatcher.request({ ...options, origin, path: pathname + search, method: options.method ?? "GET" });
};`;

/** HTTP/2 is never asked for: not by kube/connection.ts, nor by the Agent above; and Node's part of it takes 20 ms to load. */
const noHttp2 = 'module.exports = () => { throw new Error("HTTP/2 is left out of the bundle: our bug"); };';

/** Our messages are in English: zod brings 50 languages. */
const locales = 'export { default as en } from "./en.js";';

/** Compiles a regular expression of all emoji when it is loaded, 20 ms; most screens have none (cli/width.ts). */
const laterWidth = 'let real; export default (text) => (real ??= require("./index.js?real").default)(text);';

/** Leaves out what is never reached of two packages, since reading it would take longer than all that is reached. */
export const slim: Plugin = {
  name: "slim",
  setup(builder) {
    builder.onLoad({ filter: /[\\/]undici[\\/]index\.js$/ }, () => ({ contents: undici }));
    builder.onLoad({ filter: /[\\/]undici[\\/].*client-h2\.js$/ }, () => ({ contents: noHttp2 }));
    builder.onResolve({ filter: /^\.\/index\.js\?real$/ }, ({ importer }) => ({ path: importer, suffix: "?real" }));
    builder.onLoad({ filter: /[\\/]string-width[\\/]index\.js$/ }, ({ suffix }) =>
      suffix === "?real" ? undefined : { contents: laterWidth },
    );
    builder.onLoad({ filter: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({ contents: locales }));
  },
};

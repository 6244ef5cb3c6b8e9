import { readFile } from "node:fs/promises";
import type { Plugin } from "esbuild";

/** What we use of undici; its index would load fetch, WebSocket, caches and mocks with it: 90 ms at each start. */
const undici = `
const Dispatcher = require("./lib/dispatcher/dispatcher");
Object.assign(Dispatcher.prototype, require("./lib/api"));
exports.Pool = require("./lib/dispatcher/pool");
exports.buildConnector = require("./lib/core/connect");
const Agent = require("./lib/dispatcher/agent");
exports.Agent = class extends Agent {
  constructor(options) {
    super({ ...options, allowH2: false });
  }
};
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

/** For subcommands that are programs of their own, which we have none of: 4 ms. */
const childProcess = /require\(["']node:child_process["']\)/;

/** Express names it, and our two apps read no body with it; it brings every character set there is: 0.6 MB of code and tables. */
const noBodyParser = "module.exports = {};";

/** Leaves out what is never reached of some packages, since reading it would take longer than all that is reached. */
export const slim: Plugin = {
  name: "slim",
  setup(builder) {
    builder.onLoad({ filter: /[\\/]commander[\\/]lib[\\/]command\.js$/ }, async ({ path }) => ({
      contents: (await readFile(path, "utf8")).replace(childProcess, "{}"),
    }));
    builder.onLoad({ filter: /[\\/]undici[\\/]index\.js$/ }, () => ({ contents: undici }));
    builder.onLoad({ filter: /[\\/]undici[\\/].*client-h2\.js$/ }, () => ({ contents: noHttp2 }));
    builder.onLoad({ filter: /[\\/]body-parser[\\/]index\.js$/ }, () => ({ contents: noBodyParser }));
    builder.onResolve({ filter: /^\.\/index\.js\?real$/ }, ({ importer }) => ({ path: importer, suffix: "?real" }));
    builder.onLoad({ filter: /[\\/]string-width[\\/]index\.js$/ }, ({ suffix }) =>
      suffix === "?real" ? undefined : { contents: laterWidth },
    );
    builder.onLoad({ filter: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({ contents: locales }));
  },
};

/** For `kubectl serin` alone, which sends a handful of requests: lightUndici.ts says what for. */
export const light: Plugin = {
  name: "light",
  setup(builder) {
    const path = new URL("lightUndici.ts", import.meta.url).pathname;
    builder.onResolve({ filter: /^undici$/ }, ({ importer }) => (/[\\/]src[\\/]kube[\\/]/.test(importer) ? { path } : undefined));
  },
};

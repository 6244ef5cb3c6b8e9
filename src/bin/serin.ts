/** The image's one entry, `serin webhook` and so on. Only the program that is named is loaded. Ends with 2 when there is none of that name. */
const programs = new Map([
  ["certificates", () => import("./certificates.ts")],
  ["webhook", () => import("./webhook.ts")],
  ["worker", () => import("./worker.ts")],
]);

const [, , name] = process.argv;
const start = name === undefined ? undefined : programs.get(name);
if (start === undefined) {
  const wrong = name === undefined ? "no program is named" : `there is no program ${name}`;
  process.stderr.write(`error: ${wrong}\n  try: one of ${[...programs.keys()].join(", ")} as the argument\n`);
  process.exit(2);
}
await start();

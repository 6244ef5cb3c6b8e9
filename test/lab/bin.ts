/** `npm run --silent lab -- <exec|up|down|build|namespace> …`, see README.md. */

import { LabFault } from "./labFault.ts";
import { runInside } from "./namespace.ts";
import { parseLabOptions } from "./options.ts";
import { ensureParts } from "./parts/ensureParts.ts";
import { say } from "./say.ts";
import { down, up } from "./upDown.ts";

const USAGE = `usage: npm run --silent lab -- <command>
  exec [flags] -- <command…>   start a lab, run the command inside, tear down, exit with the command's code
  up [flags]                   start a lab that stays; prints the line that enters it
  down                         end it
  build                        only build and fetch the lab's parts
  namespace -- <command…>      run the command in an empty network namespace, for tests that start their own lab
flags: --without serin|istio|prometheus  --debounce 3s  --scrape 2s  --webhooks 1  --workers 2  --injector
(test/lab/README.md says what each of them does)`;

async function main([verb, ...rest]: readonly string[]): Promise<number> {
  const split = rest.indexOf("--");
  const flags = split === -1 ? rest : rest.slice(0, split);
  const command = split === -1 ? [] : rest.slice(split + 1);
  if ((verb === "exec" || verb === "namespace") && command.length === 0) throw new LabFault(`a command is missing after --\n${USAGE}`);
  switch (verb) {
    case "exec": {
      const lab = parseLabOptions(flags);
      await ensureParts();
      return runInside({ lab, command });
    }
    case "namespace":
      await ensureParts();
      return runInside({ command });
    case "up": {
      const options = parseLabOptions(flags);
      await ensureParts();
      await up(options);
      return 0;
    }
    case "down":
      await down();
      return 0;
    case "build":
      say(`everything is in ${await ensureParts()}`);
      return 0;
    default:
      throw new LabFault(USAGE);
  }
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof LabFault)) throw error;
  say(error.message);
  process.exitCode = 2;
}

import { Argument, type Command } from "commander";
import type { Commands } from "../commands.ts";
import { complete } from "./complete.ts";
import { pluginScript, type Shell, shellScript, shells } from "./scripts.ts";
import { verbsOf } from "./tree.ts";

/** `kubectl serin completion SHELL`, and the hidden `__complete` that those scripts call. */
export function addCompletion(program: Command, { io, done }: Pick<Commands, "io" | "done">): void {
  program
    .command("completion")
    .description("Print a script that completes verbs and options, for a shell's start file")
    .addArgument(new Argument("<shell>").choices([...shells, "kubectl"]))
    .addHelpText("after", help)
    .action((shell: Shell | "kubectl") => {
      io.out(shell === "kubectl" ? pluginScript(verbsOf(program)) : shellScript[shell]);
      done(0);
    });
  program
    .command("__complete", { hidden: true })
    .argument("[words...]")
    .allowUnknownOption()
    .helpOption(false)
    .action((words: string[]) => {
      const { lines, directive } = complete(verbsOf(program), words);
      io.out([...lines, `:${directive}`].map((line) => `${line}\n`).join(""));
      done(0);
    });
}

const help = `
bash, zsh, fish and powershell are for the command kubectl-serin. For \`kubectl serin\`, kubectl's own completion asks an executable of the name
kubectl_complete-serin on your PATH, which comes with the plugin: kubectl serin completion kubectl > ~/.local/bin/kubectl_complete-serin; chmod +x it.`;

import { namesFile, type Verb, valuesOf } from "./tree.ts";

export const shells = ["bash", "zsh", "fish", "powershell"] as const;
export type Shell = (typeof shells)[number];

/** What is called for each Tab: the script beside the plugin where there is a POSIX shell, since it answers ten times as fast as Node starts. */
const ask = `$(kubectl_complete-serin "$@" 2>/dev/null || kubectl-serin __complete "$@" 2>/dev/null)`;

/** For a shell's start file, to complete \`kubectl-serin …\`. \`kubectl serin …\` is completed by kubectl's own completion, which calls kubectl_complete-serin. */
export const shellScript: Record<Shell, string> = {
  bash: `# kubectl serin completion bash > ~/.local/share/bash-completion/completions/kubectl-serin
_kubectl_serin() {
  local line out
  set -- "\${COMP_WORDS[@]:1:COMP_CWORD}"
  out=${ask}
  COMPREPLY=()
  while IFS= read -r line; do
    line=\${line%%$'\\t'*}
    case "$line" in :*|"") ;; "\${COMP_WORDS[COMP_CWORD]}"*) COMPREPLY+=("$line") ;; esac
  done <<< "$out"
}
complete -o default -F _kubectl_serin kubectl-serin
`,
  zsh: `#compdef kubectl-serin
# kubectl serin completion zsh > "\${fpath[1]}/_kubectl-serin"
_kubectl_serin() {
  local line out
  local -a choices
  set -- "\${(@)words[2,CURRENT]}"
  out=${ask}
  for line in "\${(f)out}"; do
    [[ "$line" == :* || -z "$line" ]] && continue
    choices+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done
  _describe kubectl-serin choices
}
if [ "$funcstack[1]" = "_kubectl-serin" ]; then _kubectl_serin "$@"; else compdef _kubectl_serin kubectl-serin; fi
`,
  fish: `# kubectl serin completion fish > ~/.config/fish/completions/kubectl-serin.fish
function __kubectl_serin
  set -l words (commandline -opc)[2..-1] (commandline -ct)
  begin; kubectl_complete-serin $words 2>/dev/null; or kubectl-serin __complete $words 2>/dev/null; end | string match -rv '^:'
end
complete -c kubectl-serin -f -a '(__kubectl_serin)'
`,
  powershell: `# kubectl serin completion powershell | Out-String | Invoke-Expression   # in $PROFILE
Register-ArgumentCompleter -Native -CommandName kubectl-serin -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $words = @($commandAst.CommandElements | Select-Object -Skip 1 | ForEach-Object { $_.ToString() })
  if ($wordToComplete -eq '') { $words += '' }
  kubectl-serin __complete @words | Where-Object { $_ -notmatch '^:' } | ForEach-Object {
    $word, $description = $_ -split "\`t", 2
    [System.Management.Automation.CompletionResult]::new($word, $word, 'ParameterValue', $(if ($description) { $description } else { $word }))
  }
}
`,
};

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/**
 * `kubectl_complete-serin`, which kubectl runs for completion of its plugin: a POSIX shell script with everything in it, since Node alone takes longer to
 * start than a Tab may take. It says what `complete.ts` says.
 */
export function pluginScript(verbs: readonly Verb[]): string {
  return `#!/bin/sh
# Made by \`npm run build\`. kubectl runs it with the words behind "kubectl serin"; the last one is being typed.
typed= last= n=0 verb= sub= namespace=
for word do
  n=$((n + 1))
  [ $n -eq $# ] && { typed=$word; break; }
  [ $n -eq 1 ] && verb=$word
  [ $n -eq 2 ] && sub=$word
  case $last in -n | --namespace) namespace=$word ;; esac
  last=$word
done
offer() { while IFS= read -r line; do case $line in "$typed"*) printf '%s\\n' "$line" ;; esac; done; echo :4; exit 0; }
from_kubectl() { exec kubectl __complete get "$1" \${namespace:+-n "$namespace"} "$typed"; }
if [ $# -le 1 ]; then offer <<'END'
${verbs.map(({ name, description }) => `${name}\t${description}`).join("\n")}
END
fi
case "$verb $sub" in
${verbs.flatMap((verb) => [...verb.verbs.map((below) => caseOf(below, `${quoted(`${verb.name} ${below.name}`)}`)), caseOf(verb, `${quoted(verb.name)}\\ *`)]).join("\n")}
esac
echo :4
`;
}

function caseOf(verb: Verb, pattern: string): string {
  const values = verb.options
    .filter(({ takesValue }) => takesValue)
    .map((option) => `    ${option.flags.join(" | ")}) ${valueCase(option)} ;;`);
  const rest = verb.namesDeployment ? "from_kubectl deployments" : verb.verbs.length > 0 ? heredoc(verb.verbs) : "echo :4; exit 0";
  return `${pattern})
  case $last in
${[...values, "    *) ;;"].join("\n")}
  esac
  case $typed in -*) ${heredoc(verb.options.map(({ flags, description }) => ({ name: flags[0] ?? "", description })))} ;; esac
  ${rest}
  ;;`;
}

const heredoc = (of: ReadonlyArray<{ name: string; description: string }>): string =>
  `printf '%s\\n' ${of.map(({ name, description }) => quoted(`${name}\t${description}`)).join(" ")} | offer; exit 0`;

function valueCase({ flags, description }: Verb["options"][number]): string {
  const values = valuesOf(flags, description);
  if (values === undefined) return `echo :${namesFile(flags) ? 0 : 4}; exit 0`;
  if ("choices" in values) return `printf '%s\\n' ${values.choices.map(quoted).join(" ")} | offer; exit 0`;
  return values.kubectl === "contexts" ? 'exec kubectl __complete config use-context "$typed"' : "from_kubectl namespaces";
}

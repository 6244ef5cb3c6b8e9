import { UserError } from "./userError.ts";

/** Whether `-o json` was asked for. @throws UserError when it is anything else */
export function wantsJson(output: string | undefined): boolean {
  if (output === undefined || output === "json") return output === "json";
  throw new UserError({
    what: `can't print -o ${output}`,
    why: "json is the only structured output there is",
    todo: "write -o json, or leave it out",
  });
}

import type { Trigger } from "../../api/notification.ts";
import type { Notice } from "./notice.ts";

/** A message for an incoming webhook of Slack: `text` is what notifications and screen readers get, `blocks` what is shown. */
export interface SlackMessage {
  text: string;
  blocks: object[];
}

/** As `kubectl serin get` has them; the word beside it says the same. */
const icons: Partial<Record<Trigger, string>> = {
  Promoted: "✔",
  Approved: "✔",
  Paused: "॥",
  AnalysisFailed: "✖",
  Aborted: "✖",
  RollingBack: "✖",
  RolledBack: "✖",
  Held: "✖",
  Bypassed: "⚠",
};

/** Slack takes 3,000 characters in a section; escaping makes five of one. */
const longest = 2_900;

export function slackMessageOf(notice: Notice): SlackMessage {
  const { namespace, deployment, plan, trigger, message, policy, canary, user, tool } = notice;
  const head = `${icons[trigger] ?? "◌"} *${trigger}* ${namespace}/${deployment}`;
  const who = user === undefined ? "" : ` · by ${user}${tool === undefined ? "" : ` (${tool})`}`;
  return {
    text: cut(`${head}: ${escaped(message)}`),
    blocks: [
      // verbatim: what looks like a link, a channel or a person in a user's text stays text.
      { type: "section", text: { type: "mrkdwn", verbatim: true, text: cut(`${head}\n${escaped(message)}`) } },
      { type: "context", elements: [{ type: "plain_text", emoji: false, text: cut(`${canary} · plan ${plan} · policy ${policy}${who}`) }] },
    ],
  };
}

/** What Slack asks for; without it `<!channel>` in an image's name would wake everybody up. */
const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/** Never in the middle of an escaped character. */
const cut = (text: string): string =>
  text.length <= longest
    ? text
    : `${text
        .slice(0, longest)
        .replace(/&[a-z]{0,3}$/, "")
        .toWellFormed()}…`;

/**
 * Every reason that admission can give, with what it means. The sentences that users meet are made in `words.ts`, once; they go unchanged to
 * the warning or refusal, the log and the audit log.
 */
export const admissionReasons = {
  // nothing is changed
  NotForUs: "The request is for nothing that Serin looks at.",
  Carried: "The worker's change of a team's object, carried out by admission so that its fields keep their owners.",
  WorkerWrite: "Serin's own worker writes.",
  BeingDeleted: "The object is being deleted.",
  NoKeys: "The webhook has no key, so it can't tell a genuine hold from a forged one and leaves it alone.",
  NothingAsked: "The write changes nothing that Serin looks at.",
  NoPolicy: "No CanaryPolicy is for this change.",
  // a request for a canary
  ImageChanged: "A matching image changed: the Deployment is held and becomes a canary.",
  TemplateChanged: "The pod template changed under a policy with trigger Template: the Deployment is held and becomes a canary.",
  ChangedAfterPromotion: "The template changed while its last canary was being promoted: that finishes first.",
  ChangedWhilePaused: "The user resumed a Deployment that he had paused and edited: that is his request.",
  Repeated: "The template failed before: it is held on the stable pods without another canary (onRepeat: Hold).",
  WithinRollbackWindow: "The template served lately: it comes back without the steps (rollbackWindow).",
  Superseded: "A third template was asked for while a plan lives.",
  Cancelled: "The stable template was asked for again while a plan lives.",
  // the user's own pause
  OwnPause: "The user paused the Deployment himself: nothing starts before he resumes.",
  // the hold
  StayedHeld: "Something other than `kubectl rollout resume` cleared spec.paused: the Deployment stays held.",
  IntentPutBack: "The intent on a held Deployment was changed or removed: it was put back.",
  Approved: "`kubectl rollout resume` at a gate approves it.",
  LeftoverRemoved: "A mark of ours that no longer means anything was removed.",
  NotePutBack: "The note of a change that rolled out without a canary was changed or removed before it was on record: it was put back.",
  MarksStripped: "The manifest was exported from a held Deployment: its pause and its marks mean nothing here.",
  // refusals
  ResumeRefused: "`kubectl rollout resume` on a held Deployment that stands at no gate.",
  RepeatDenied: "The template failed before, and the policy says Deny.",
  WorkerDown: "No worker is alive, and the policy says Deny.",
  StampForged: "Somebody wrote who asked and when into a plan himself; only the webhook does.",
  // an image change without a canary
  BypassOptOut: "The Deployment opts out by annotation.",
  BypassNoStable: "No stable pod is available that a canary could be compared with.",
  BypassRecreate: "Strategy Recreate: two versions must not run beside each other.",
  BypassVolume: "A volume that two versions would have to share.",
  BypassHostPort: "A port of the node, which two pods can't share.",
  BypassWorkerDown: "No worker is alive, and the policy says Bypass.",
  BypassNoKeys: "The webhook has no key to sign a request with.",
  // other kinds
  Stamped: "Who asked and when was written into the plan.",
  SplitKept: "A VirtualService was applied over the split of a live plan: the split stays.",
  // pods
  SidecarsAdded: "The pod got what SidecarPolicies ask for.",
  SidecarsLacking: "The pod lacks something that a SidecarPolicy asks for: it can't be added, or the policy only audits.",
  RevisionNamed: "The pod got the label by which metrics tell its revision.",
  // faults
  BadReview: "The review is not one that kube-apiserver sends.",
  Failed: "Our own bug.",
} as const;

export type ReasonCode = keyof typeof admissionReasons;

/** A decision in words. */
export interface Words {
  reason: ReasonCode;
  /** One sentence with its facts; the first warning, or the refusal. */
  message: string;
  /** Lines for the user: the message, then what to type next. Empty when there is nothing that he must know. */
  warnings: readonly string[];
}

/** Words for a decision that nobody needs to be told of. */
export const silent = (reason: ReasonCode): Words => ({ reason, message: admissionReasons[reason], warnings: [] });

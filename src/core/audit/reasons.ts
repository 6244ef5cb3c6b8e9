/** Everything that `audit verify` can find, with what it means. */
export const auditFindings = {
  Unreadable: "An object of the record is not what Serin writes.",
  PlanRepeated: "A plan is there twice.",
  Unsealed: "A plan has ended, and nothing vouches for its record.",
  SealOfAnother: "A plan carries the seal of another plan.",
  SealForged: "The signature of a seal is not that of its key over its content.",
  KeyUnknown: "A seal is signed by a key that is not Serin's.",
  OlderKey: "A seal is signed by a key that had been replaced before.",
  SpecChanged: "What was asked for (change, policy or request) is not what was sealed.",
  StatusChanged: "What came of it is not what was sealed.",
  ControlForged: "What a person is said to have asked of a plan is not what was sealed.",
  EntryChanged: "A journal entry is not the one that was sealed.",
  EntryMissing: "A journal entry that was sealed is not there.",
  EntriesCut: "The last journal entries that were sealed are not there.",
  EntryMoved: "Journal entries are not in the order in which they were sealed.",
  EntryRepeated: "A journal entry is there twice.",
  EntryAdded: "A journal entry was not there when the plan was sealed.",
  EntryUnlinked: "The hash of a journal entry does not follow from the one before.",
  SealMissing: "A seal is missing inside the chain, and nothing says that its plan was removed.",
  SealRepeated: "Two plans have seals with the same number.",
  ChainBroken: "A seal does not link to the seal that is there before it.",
  NewestCut: "The newest seals are not there.",
  HeadsMissing: "There are seals, and no heads that say where their chain ends.",
  HeadsForged: "The heads are not signed by a key of Serin's.",
  HeadsBehind: "There are newer seals than the heads know: the heads were set back.",
  HeadsDiffer: "The heads name another newest seal than the one that is there.",
  HeadsLost: "The worker has found the heads gone or set back, and went on from what the plans showed.",
  KeyBroken: "A public key is none, or has another key's id.",
  KeyUnvouched: "A public key is not signed by the one before it.",
  KeyForked: "A key vouches for two successors.",
  KeyRootUnknown: "The key that the auditor trusts is not among the public keys.",
  FailedOpen: "The webhook was not asked about a change: it was down or too slow, and kube-apiserver let it through.",
  ForeignWrite: "Somebody else than Serin's worker has written into the record.",
  SealUnwitnessed: "kube-apiserver's log saw the worker name another seal with this number, or a newer one than the heads know.",
  RequestUnwitnessed: "kube-apiserver's log does not know the request that a plan names.",
  ControlUnwitnessed: "kube-apiserver's log does not know the request behind what a person is said to have asked of a plan.",
  ChangeUnrecorded: "kube-apiserver's log knows a change that was held or bypassed, and no plan records it.",
} as const;

export type FindingCode = keyof typeof auditFindings;

/** One thing that is wrong: the same code, words and numbers on the screen and in JSON. */
export interface Finding {
  code: FindingCode;
  /** `namespace/name` of the plan, when it is about one. */
  plan?: string;
  /** Number of the seal in the cluster's chain. */
  seal?: number;
  /** Number of the first bad journal entry, from 1. */
  entry?: number;
  message: string;
}

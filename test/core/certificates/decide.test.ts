import { describe, expect, it } from "vitest";
import type { Authority, CertificateState } from "../../../src/core/certificates/state.ts";
import { backDated } from "../../../src/core/certificates/times.ts";
import { adopt, ca, day, decide, leafBy, minute, now, one, trust, trusting, two } from "./states.ts";

const issue = (by: Authority, notAfter = now + 30 * day) => ({ type: "issue", by: by.id, notAfter });
const nothing = { authorities: [], served: undefined, fault: "there is no Secret", configuration: trusting() };

/** In rotation: 2 is made and trusted, 1 still serves. */
const rotating = { authorities: [one, two], configuration: trusting(two.id, one.id) };
/** 2 serves, 1 has lost its key and stays for those who have not heard. */
const retired = ca(1, { hasKey: false });
const rotated = {
  authorities: [retired, { ...two, signedUntil: now + 30 * day }],
  served: leafBy(two, { notBefore: now - backDated, notAfter: now + 30 * day }),
  configuration: trusting(two.id, one.id),
};

describe("decideCertificates", () => {
  it("does nothing in good order, and wakes when the certificate is two thirds old", () => {
    const renewal = { served: leafBy(one, { notAfter: now + 5 * day + 30 * minute, notBefore: now - 10 * day - backDated }) };
    expect(decide()).toEqual({
      actions: [],
      wakeAfter: 3_600_000,
      reason: "CertificatesGood",
      message: "the certificate ends at 2026-06-21T00:00:00.000Z",
    });
    expect(decide(renewal).wakeAfter).toBe(20 * minute);
  });

  type Case = [what: string, over: Partial<CertificateState>, actions: object[], reason: string, message: RegExp];
  const cases: Case[] = [
    ["nothing: makes a CA first", nothing, [{ type: "makeAuthority", notAfter: now + 365 * day }], "AuthorityMade", /^there is no CA$/],
    [
      "a first CA: trusts and serves at once, nobody trusted anything before",
      { ...nothing, authorities: [two] },
      [trust(two.id), issue(two)],
      "TrustChanged",
      /^deployments, plans trusted nobody, now 22222222$/,
    ],
    [
      "a first CA without a configuration: serves at once too",
      { ...nothing, authorities: [two], configuration: undefined },
      [issue(two)],
      "LeafIssued",
      /^there is no Secret$/,
    ],
    [
      "a CA of two thirds of its life: makes the next",
      { authorities: [ca(1, { notBefore: now - 250 * day, notAfter: now + 115 * day })] },
      [{ type: "makeAuthority", notAfter: now + 365 * day }],
      "AuthorityMade",
      /^CA 11111111 ends at 2026-09-24/,
    ],
    [
      "a new CA: trusts it beside the old one",
      { authorities: [one, two] },
      [trust(two.id, one.id)],
      "TrustChanged",
      /now 22222222 and 11111111$/,
    ],
    [
      "a new CA that one webhook does not trust: completes that",
      {
        ...rotating,
        configuration: {
          ...trusting(),
          webhooks: [...(trusting(two.id, one.id)?.webhooks ?? []), { name: "late", trusts: [one.id], isGarbled: false }],
        } as CertificateState["configuration"],
      },
      [trust(two.id, one.id)],
      "TrustChanged",
      /^late trusted 11111111, now 22222222 and 11111111$/,
    ],
    [
      "a new CA trusted for 59 s: waits",
      { ...rotating, trustedFor: new Map([[two.id, 59_000]]) },
      [],
      "WaitingForTrust",
      /^CA 22222222 signs in 1s$/,
    ],
    [
      "a new CA trusted for 60 s: serves it",
      { ...rotating, trustedFor: new Map([[two.id, 60_000]]) },
      [issue(two)],
      "LeafIssued",
      /^CA 22222222 is trusted, and takes the place of the one before$/,
    ],
    [
      "a new CA, after a restart, with the certificate due: the old CA signs once more",
      { ...rotating, served: leafBy(one, { notAfter: now + 4 * day }), trustedFor: new Map([[two.id, 0]]) },
      [issue(one)],
      "LeafIssued",
      /^the certificate ends at 2026-06-05/,
    ],
    ["the old CA while its last certificate may be served: keeps it", rotated, [], "CertificatesGood", /./],
    [
      "the old CA until an hour after its last certificate: keeps it",
      { ...rotated, authorities: [{ ...retired, signedUntil: now - 59 * minute }, ...rotated.authorities.slice(1)] },
      [],
      "CertificatesGood",
      /./,
    ],
    [
      "the old CA after that: drops it from the bundle first",
      { ...rotated, authorities: [{ ...retired, signedUntil: now - 60 * minute }, ...rotated.authorities.slice(1)] },
      [trust(two.id)],
      "TrustChanged",
      /now 22222222$/,
    ],
    [
      "the old CA out of the bundle: forgets it",
      {
        ...rotated,
        authorities: [{ ...retired, signedUntil: now - 60 * minute }, ...rotated.authorities.slice(1)],
        configuration: trusting(two.id),
      },
      [{ type: "forget", id: one.id }],
      "AuthorityForgotten",
      /^the last certificate of CA 11111111 ended at 2026-05-31T23:00:00.000Z$/,
    ],
    [
      "a cleared bundle: puts all back that is needed",
      { ...rotated, configuration: trusting() },
      [trust(two.id, one.id)],
      "TrustChanged",
      /trusted nobody/,
    ],
    [
      "garbage in one bundle: puts it right",
      { configuration: { isInjected: false, webhooks: [{ name: "plans", trusts: [one.id], isGarbled: true }] } },
      [trust(one.id)],
      "TrustChanged",
      /^plans trusted/,
    ],
    [
      "a stranger's CA in the bundle: throws it out",
      { configuration: trusting(one.id, "f".repeat(64)), strangers: [{ id: "f".repeat(64), notAfter: now + day, isOurs: false }] },
      [trust(one.id)],
      "TrustChanged",
      /./,
    ],
    [
      "a corrupted serving Secret: a new certificate at once, of the CA in use, also right after a restart",
      { served: undefined, fault: "tls.key is not the key of tls.crt", trustedFor: new Map() },
      [issue(one)],
      "LeafIssued",
      /^tls.key is not the key of tls.crt$/,
    ],
    [
      "a certificate that replicas serve, but not for all names: a new one at once",
      { fault: "tls.crt is not for serin-webhook.serin-system.svc" },
      [issue(one)],
      "LeafIssued",
      /^tls.crt is not for/,
    ],
    [
      "a corrupted serving Secret and a cleared bundle: trust first",
      { served: undefined, fault: "garbage", configuration: trusting(), trustedFor: new Map() },
      [trust(one.id)],
      "TrustChanged",
      /./,
    ],
    [
      "a CA without its key: makes another, and the old one stays trusted",
      { authorities: [ca(1, { hasKey: false })] },
      [{ type: "makeAuthority", notAfter: now + 365 * day }],
      "AuthorityMade",
      /^there is no key for CA 11111111$/,
    ],
    [
      "a lost CA Secret: takes back what is in use, makes another",
      { authorities: [], strangers: [{ id: one.id, notAfter: one.notAfter, isOurs: true }] },
      [adopt(one.id, now + 30 * day), { type: "makeAuthority", notAfter: now + 365 * day }],
      "AuthorityAdopted",
      /^CA 11111111 is in use/,
    ],
    [
      "a lost CA Secret in the middle of a rotation: takes back all in one write",
      {
        authorities: [],
        strangers: [one, two].map(({ id, notAfter }) => ({ id, notAfter, isOurs: true })),
        configuration: trusting(one.id, two.id),
      },
      [
        { type: "adopt", authorities: [one, two].map(({ id }) => ({ id, signedUntil: now + 30 * day })) },
        { type: "makeAuthority", notAfter: now + 365 * day },
      ],
      "AuthorityAdopted",
      /^CA 11111111 is in use.*; CA 22222222 is in use/,
    ],
    [
      "a certificate that ends later than is noted, served by a process that was slow: notes that",
      { authorities: [ca(1, { signedUntil: now + day })], served: leafBy(one, { notAfter: now + 2 * day }) },
      [adopt(one.id, now + 2 * day), { type: "issue", by: one.id, notAfter: now + 30 * day }],
      "AuthorityAdopted",
      /./,
    ],
    [
      "both Secrets lost: does not serve what nobody has heard of",
      {
        authorities: [ca(0, { id: one.id, hasKey: false }), ca(1, { id: two.id, signedUntil: 0 })],
        served: undefined,
        fault: "gone",
        configuration: trusting(one.id, two.id),
        trustedFor: new Map([[two.id, 5_000]]),
      },
      [],
      "WaitingForTrust",
      /^CA 22222222 signs in 55s$/,
    ],
    [
      "a certificate of somebody else's CA (provided until now): keeps it trusted",
      {
        authorities: [],
        served: leafBy(one, { notAfter: now + 300 * day }),
        strangers: [{ id: one.id, notAfter: one.notAfter, isOurs: false }],
      },
      [adopt(one.id, now + 300 * day), { type: "makeAuthority", notAfter: now + 365 * day }],
      "AuthorityAdopted",
      /./,
    ],
    ["no configuration: waits for it, and renews what is in use", { configuration: undefined }, [], "ConfigurationMissing", /./],
    [
      "cert-manager's annotation: touches nothing",
      { ...nothing, configuration: { webhooks: [], isInjected: true } },
      [],
      "InjectedByCertManager",
      /./,
    ],
    [
      "a CA from the future (the clock was set back): makes another",
      { authorities: [ca(1, { notBefore: now + day })] },
      [{ type: "makeAuthority", notAfter: now + 365 * day }],
      "AuthorityMade",
      /only valid from/,
    ],
    [
      "the last days of a CA that nothing can replace: no certificate outlives it, and none is made that ends as soon",
      { authorities: [ca(1, { notAfter: now + 3 * day, notBefore: now - day })], served: leafBy(one, { notAfter: now + 3 * day }) },
      [],
      "CertificatesGood",
      /./,
    ],
  ];
  for (const [what, over, actions, reason, message] of cases) {
    it(what, () => {
      const decision = decide(over);
      expect(decision.actions).toEqual(actions);
      expect(decision.reason).toBe(reason);
      expect(decision.message).toMatch(message);
      expect(decision.wakeAfter).toBeGreaterThan(0);
    });
  }
});

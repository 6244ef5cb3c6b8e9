import { describe, expect, it } from "vitest";
import { adopt, ca, day, decide, leafBy, minute, now, trust, trusting } from "./states.ts";

describe("provided certificates", () => {
  const given = ca(0, { hasKey: false, signedUntil: now + 90 * day });
  const leaf = leafBy(given, { notAfter: now + 90 * day });
  const provided = { provided: [given.id], served: leaf };
  const stranger = { id: given.id, notAfter: given.notAfter, isOurs: false };

  it("are not issued; the CA beside them is trusted at once", () => {
    expect(decide({ ...provided, authorities: [], strangers: [stranger], configuration: trusting() }).actions).toEqual([
      adopt(given.id, leaf.notAfter),
      trust(given.id),
    ]);
    expect(decide({ ...provided, authorities: [given], configuration: trusting(given.id) })).toMatchObject({
      actions: [],
      reason: "CertificatesGood",
    });
  });

  it("renewed: the CA is noted for longer", () => {
    const served = leafBy(given, { notAfter: now + 120 * day });
    expect(decide({ ...provided, served, authorities: [given], configuration: trusting(given.id) }).actions).toEqual([
      adopt(given.id, served.notAfter),
    ]);
  });

  it("with a new CA: the old one stays until what it signed has ended", () => {
    const next = { ...given, id: "9".repeat(64) };
    const changed = { provided: [next.id], served: leafBy(next, { notAfter: now + 90 * day }), configuration: trusting(given.id, next.id) };
    const strangers = [{ ...stranger, id: next.id }];
    expect(decide({ ...changed, authorities: [given], strangers, configuration: trusting(given.id) }).actions).toEqual([
      adopt(next.id, now + 90 * day),
      trust(given.id, next.id),
    ]);
    expect(decide({ ...changed, authorities: [given, next] }).actions).toEqual([]);
    expect(decide({ ...changed, authorities: [{ ...given, signedUntil: now - 61 * minute }, next] }).actions).toEqual([trust(next.id)]);
  });

  it("without ca.crt, or injected: nothing is touched", () => {
    expect(decide({ ...provided, provided: [], configuration: trusting() })).toMatchObject({
      actions: [],
      reason: "ProvidedWithoutAuthority",
    });
    const injected = { webhooks: trusting()?.webhooks ?? [], isInjected: true };
    expect(decide({ ...provided, configuration: injected })).toMatchObject({ actions: [], reason: "InjectedByCertManager" });
  });

  it("that can't be read now: their CA stays, and nothing is written again and again", () => {
    const damaged = { ...provided, served: undefined, fault: "garbage", authorities: [given], configuration: trusting(given.id) };
    expect(decide(damaged)).toMatchObject({ actions: [], reason: "CertificatesGood", message: "garbage" });
  });
});

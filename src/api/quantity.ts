/** Amounts of Kubernetes (`100m`, `64Mi`), as far as a policy may write them. */

export const quantityPattern = "^[0-9]{1,12}([.][0-9]{1,6})?(m|k|Ki|M|Mi|G|Gi|T|Ti)?$";

const decimal = { n: 1e-9, u: 1e-6, m: 1e-3, "": 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, E: 1e18 };
const binary = { Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50, Ei: 2 ** 60 };
const factors = new Map(Object.entries({ ...decimal, ...binary }));

/** The amount as a number of its unit (cores, bytes), also in the spellings that only others may write; undefined when it is none. */
export function quantityOf(text: string): number | undefined {
  const [, digits, suffix = ""] =
    /^([+-]?(?:[0-9]{1,30}[.]?[0-9]{0,30}|[.][0-9]{1,30})(?:[eE][+-]?[0-9]{1,3})?)([A-Za-z]{0,2})$/.exec(text) ?? [];
  const factor = factors.get(suffix);
  return digits === undefined || factor === undefined ? undefined : Number(digits) * factor;
}

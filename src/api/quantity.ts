/** Amounts of Kubernetes (`100m`, `64Mi`), as far as a policy may write them. */

export const quantityPattern = "^[0-9]{1,12}([.][0-9]{1,6})?(m|k|Ki|M|Mi|G|Gi|T|Ti)?$";

const factors: Record<string, number> = { m: 1e-3, k: 1e3, M: 1e6, G: 1e9, T: 1e12, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40 };

/** The amount as a number of its unit (cores, bytes); undefined when it is none. */
export function quantityOf(text: string): number | undefined {
  const [, digits, suffix = ""] = /^([0-9.]+)([A-Za-z]*)$/.exec(text) ?? [];
  return digits === undefined || !new RegExp(quantityPattern).test(text) ? undefined : Number(digits) * (factors[suffix] ?? 1);
}

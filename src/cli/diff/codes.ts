/** As diff, and so kubectl diff, exits. */
export const codes = { same: 0, different: 1, trouble: 2 } as const;

/** When something was last done, as a gauge shows it. */

/** In Unix seconds; 0 when it never was, so that an alert can tell that from NaN, which is that nobody knows. */
export const secondsOfLast = (at: Date | null): number => (at ? at.getTime() / 1000 : 0);

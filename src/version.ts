/** The version of this build; the same as in package.json. */
export const version = '0.1.0';

/** No clock is behind this moment, Unix ms: the day of the last change of the version. */
export const builtAt = Date.UTC(2026, 10, 26);

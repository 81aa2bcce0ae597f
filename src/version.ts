/** The version of this build; the same as in package.json. */
export const version = '0.1.0';

/** The commit that an executable was built from (images/executable/build-facts.mjs); undefined: run from a checkout. */
export const commit: string | undefined = undefined;

/** No clock is behind this moment, Unix ms: the day of the last change of the version, in an executable that of its commit. */
export const builtAt = Date.UTC(2026, 10, 26);

/** What a bug report needs. */
export function versionLine(): string {
  const { versions, platform, arch } = process;
  return `hpmq ${version} (${commit === undefined ? 'checkout' : `commit ${commit}`}, node ${versions.node}, ${platform} ${arch})`;
}

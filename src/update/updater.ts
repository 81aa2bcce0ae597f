/** What `hpmq update` does, on an image with two slots or on a box with the executable. */
import type { UpdateFacts, UpdateProgress, UpdateStatus } from '../core/update-views.js';
import { updateError } from './errors.js';

export interface InstallOptions {
  /** Path or URL of the bundle. */
  readonly source: string;
  readonly allowDowngrade: boolean;
  /** Only what is newer than what runs or waits, and did not fail here before; by the signed version. */
  readonly onlyNewer?: boolean;
  readonly facts: UpdateFacts;
  /** Time to prove itself, ms. */
  readonly windowMs: number;
  /** Aborted: the box is as it was. */
  readonly signal: AbortSignal;
  readonly onProgress: (progress: UpdateProgress) => void;
}

export interface Installed {
  readonly version: string;
  /** What starts it. */
  readonly needs: 'restart' | 'reboot';
}

export interface Updater {
  readonly form: 'image' | 'executable';
  /** Asks for a restart of the machine; absent: the program is enough. */
  requestReboot?(): void;
  /** @throws GatewayError UPDATE_… */
  install(options: InstallOptions): Promise<Installed>;
  status(): Promise<UpdateStatus>;
  /** The running version stays. @throws GatewayError UPDATE_NOTHING */
  markGood(): Promise<{ readonly version: string }>;
  /** The version before is the next to start. @throws GatewayError UPDATE_NOTHING */
  rollback(): Promise<Installed>;
  /** Keeps that the version on trial was started; absent: that is known already. */
  beginTrial?(): Promise<void>;
  /** The version on trial had its chances, and the one before starts next; absent: it does so by itself. @throws GatewayError UPDATE_NOTHING */
  giveUpTrial?(reason: string): Promise<Installed>;
}

/**
 * @param current - version that runs, or waits for the next start
 * @param failed - version that did not stay here
 * @throws GatewayError UPDATE_NOTHING
 */
export function refuseUnwanted(
  { onlyNewer = false }: Pick<InstallOptions, 'onlyNewer'>,
  version: string,
  current: string,
  failed: string | undefined,
): void {
  if (!onlyNewer) return;
  if (compareVersions(version, current) <= 0) {
    throw updateError('UPDATE_NOTHING', `version ${version} is not newer than ${current}`);
  }
  if (failed === version) throw updateError('UPDATE_NOTHING', `version ${version} did not stay on this box before`);
}

/** Semantic Versioning 2.0.0 §11, without build metadata. @returns < 0: a is older */
export function compareVersions(a: string, b: string): number {
  const [mainA = '', ...preA] = a.split('-');
  const [mainB = '', ...preB] = b.split('-');
  const main = compareFields(mainA, mainB);
  if (main !== 0) return main;
  if (preA.length === 0 || preB.length === 0) return preB.length - preA.length;
  return compareFields(preA.join('-'), preB.join('-'));
}

function compareFields(a: string, b: string): number {
  const left = a.split('.');
  const right = b.split('.');
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const [x, y] = [left[i], right[i]];
    if (x === undefined || y === undefined) return x === undefined ? -1 : 1;
    const [numX, numY] = [/^\d+$/.test(x), /^\d+$/.test(y)];
    if (numX && numY && Number(x) !== Number(y)) return Number(x) - Number(y);
    if (numX !== numY) return numX ? -1 : 1;
    if (!numX && x !== y) return x < y ? -1 : 1;
  }
  return 0;
}

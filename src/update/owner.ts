/**
 * Whose folder it is. Root does its work in the folder of somebody else as that one: links and replaced files then lead
 * nowhere where that one could not go anyway.
 */
import { lstatSync, type Stats, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

const isRoot = (): boolean => process.geteuid?.() === 0;

/** Of each step of the path that there is, from the top; of a symbolic link also where it leads. */
function* stepsTo(path: string): Generator<Stats> {
  const above = dirname(path);
  if (above !== path) yield* stepsTo(above);
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return;
  yield stat;
  if (!stat.isSymbolicLink()) return;
  const target = statSync(path, { throwIfNoEntry: false });
  if (target !== undefined) yield target;
}

/** The first on the way, from the top, who is not root: below, he can replace what he likes. @returns undefined: nobody */
export function strangerOn(path: string): Owner | undefined {
  for (const { uid, gid } of stepsTo(resolve(path))) if (uid !== 0) return { uid, gid };
  return undefined;
}

/** This process is root's, and somebody else can change the file. */
export function isUnsafeForRoot(file: string): boolean {
  if (!isRoot()) return false;
  for (const stat of stepsTo(resolve(file))) {
    // In a folder with the sticky bit others cannot replace what is root's.
    const isOpen = !stat.isSymbolicLink() && (stat.mode & 0o022) !== 0 && (stat.mode & 0o1000) === 0;
    if (stat.uid !== 0 || isOpen) return true;
  }
  return false;
}

export class ActingAs implements Disposable {
  /** undefined: as before. */
  readonly owner: Owner | undefined;
  readonly #gid: number;
  readonly #groups: readonly number[];

  /** Of the whole process, until it is disposed of. @throws Error EPERM: root without CAP_SETUID */
  constructor(folder: string) {
    this.owner = isRoot() ? strangerOn(folder) : undefined;
    this.#gid = process.getegid?.() ?? 0;
    this.#groups = this.owner === undefined ? [] : (process.getgroups?.() ?? []);
    try {
      this.#become();
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** As root again, for a moment without anything to wait for: a program gets rid of root for good only from there. */
  asRoot<T>(work: () => T): T {
    this[Symbol.dispose]();
    try {
      return work();
    } finally {
      this.#become();
    }
  }

  [Symbol.dispose](): void {
    if (this.owner === undefined) return;
    process.seteuid!(0);
    process.setegid!(this.#gid);
    process.setgroups!([...this.#groups]);
  }

  #become(): void {
    if (this.owner === undefined) return;
    const { uid, gid } = this.owner;
    process.setgroups!([gid]);
    process.setegid!(gid);
    process.seteuid!(uid);
  }
}

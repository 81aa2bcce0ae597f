/** What went wrong with a file, for whoever put the card in. */
import type { ConfigProblem } from '../config/errors.js';
import { fileFault } from '../config/files.js';

export function problem(file: string, message: string, hint: string): ConfigProblem {
  return { file, line: undefined, column: undefined, path: '', message, hint };
}

/** The reason of anything that was thrown. What no file operation threw is a defect: it is told, and the machine starts all the same. */
export function reasonOf(error: unknown): string {
  const isOfFiles = typeof error === 'object' && error !== null && 'syscall' in error;
  return isOfFiles ? fileFault(error) : `a defect of hpmq, please report it: ${String(error)}`;
}

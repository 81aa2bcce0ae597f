/** What is wrong with a configuration: every problem at once, each with its place. */
import { type ErrorCatalogue, errorsOf, GatewayError } from '../core/errors.js';

export const configErrors = {
  CONFIG_INVALID: {
    fault: 'config',
    hint: 'correct the file and run `hpmq config check`; `hpmq config schema` prints what is allowed',
  },
  CONFIG_NOT_WRITTEN: {
    fault: 'config',
    hint: 'this user needs write permission for the configuration and its folder',
  },
  USERS_NOT_WRITTEN: {
    fault: 'config',
    hint: 'this user needs write permission for the file of the users and its folder',
  },
  USERS_LOCKED: { fault: 'limit', hint: 'another command is writing the users: try again in a moment' },
} as const satisfies ErrorCatalogue;

export const configError = errorsOf(configErrors);

export interface ConfigProblem {
  /** The file as it was named, or `environment variable HPMQ_…`. */
  readonly file: string;
  /** From 1; undefined where there is no place to point at (a missing file, an environment variable). */
  readonly line: number | undefined;
  /** From 1, in characters. */
  readonly column: number | undefined;
  /** `devices.boiler.points.temp.every`; empty for the document as a whole. */
  readonly path: string;
  readonly message: string;
  readonly hint: string;
}

/** Thrown by {@link loadConfig}; holds all problems that were found. */
export class ConfigError extends GatewayError {
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    const first = problems[0];
    const message =
      problems.length === 1 && first !== undefined
        ? problemLine(first)
        : `the configuration has ${problems.length} problems; the first: ${first === undefined ? 'none' : problemLine(first)}`;
    super('CONFIG_INVALID', configErrors.CONFIG_INVALID, message, {
      ...(problems.length === 1 && first !== undefined && { hint: first.hint }),
      details: { problems: problems.length },
    });
    this.problems = problems;
  }
}

/** `hpmq.yaml:12:9: devices.boiler.port: there is no port "line-x"` */
export function problemLine(problem: ConfigProblem): string {
  const place = problem.line === undefined ? problem.file : `${problem.file}:${problem.line}:${problem.column}`;
  return `${place}: ${problem.path === '' ? '' : `${problem.path}: `}${problem.message}`;
}

/** One problem as people read it: two lines, the hint last. */
export function problemBlock(problem: ConfigProblem): string {
  return `${problemLine(problem)}\n  hint: ${problem.hint}`;
}

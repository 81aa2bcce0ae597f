import { errorsOf, GatewayError } from "../core/errors.js";
const configErrors = {
  CONFIG_INVALID: {
    fault: "config",
    hint: "correct the file and run `hpmq config check`; `hpmq config schema` prints what is allowed"
  },
  USERS_NOT_WRITTEN: {
    fault: "config",
    hint: "this user needs write permission for the file of the users and its folder"
  },
  USERS_LOCKED: { fault: "limit", hint: "another command is writing the users: try again in a moment" }
};
const configError = errorsOf(configErrors);
class ConfigError extends GatewayError {
  problems;
  constructor(problems) {
    const first = problems[0];
    const message = problems.length === 1 && first !== void 0 ? problemLine(first) : `the configuration has ${problems.length} problems; the first: ${first === void 0 ? "none" : problemLine(first)}`;
    super("CONFIG_INVALID", configErrors.CONFIG_INVALID, message, {
      ...problems.length === 1 && first !== void 0 && { hint: first.hint },
      details: { problems: problems.length }
    });
    this.problems = problems;
  }
}
function problemLine(problem) {
  const place = problem.line === void 0 ? problem.file : `${problem.file}:${problem.line}:${problem.column}`;
  return `${place}: ${problem.path === "" ? "" : `${problem.path}: `}${problem.message}`;
}
function problemBlock(problem) {
  return `${problemLine(problem)}
  hint: ${problem.hint}`;
}
export {
  ConfigError,
  configError,
  configErrors,
  problemBlock,
  problemLine
};
//# sourceMappingURL=errors.js.map

import { readFileSync, statSync } from "node:fs";
import { homedir, hostname } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { readOverrides, settingsOf } from "./env.js";
import { ConfigError } from "./errors.js";
import { fileFault } from "./io.js";
import { describeIssue, findingsOf } from "./issues.js";
import { configJsonSchema } from "./json-schema.js";
import { isPlain } from "./merge.js";
import { createConfigSchema } from "./schema.js";
import { ConfigSource, fileProblem, pathText } from "./source.js";
import { readUsersFile } from "./users.js";
const MAX_CONFIG_BYTES = 4e6;
function configPlaces(env, cwd) {
  const home = env.XDG_CONFIG_HOME || join(env.HOME || homedir(), ".config");
  return [join(cwd, "hpmq.yaml"), join(home, "hpmq", "hpmq.yaml"), "/etc/hpmq/hpmq.yaml"];
}
function exists(path) {
  try {
    statSync(path);
    return true;
  } catch (error) {
    const { code } = error;
    return code !== "ENOENT" && code !== "ENOTDIR";
  }
}
function shownPath(file, cwd) {
  const short = relative(cwd, file);
  return short === "" || short.startsWith("..") ? file : short;
}
const FILE_HINTS = {
  ENOENT: "check the path; without a file name the usual places are searched (`hpmq --help`)",
  EACCES: "let this user read it, or run as the user who may",
  EISDIR: "name the file inside it, such as hpmq.yaml"
};
function readSource(file, cwd) {
  const shown = shownPath(file, cwd);
  let bytes;
  try {
    const stat = statSync(file);
    if (stat.isDirectory()) throw Object.assign(new Error(), { code: "EISDIR" });
    if (!stat.isFile()) throw new Error("it is not a regular file");
    if (stat.size > MAX_CONFIG_BYTES) throw new Error(`it has ${stat.size} bytes, more than ${MAX_CONFIG_BYTES}`);
    bytes = readFileSync(file);
  } catch (error) {
    const hint = FILE_HINTS[error.code ?? ""] ?? "name the YAML file of a gateway";
    throw fileProblem(shown, `cannot read the file: ${fileFault(error)}`, hint);
  }
  return new ConfigSource(shown, bytes);
}
function loadConfig(options) {
  const { env, cwd, adapters } = options;
  const file = options.file === void 0 ? configPlaces(env, cwd).find(exists) : resolve(cwd, options.file);
  const source = file === void 0 ? void 0 : readSource(file, cwd);
  const problems = [...source?.problems ?? []];
  const settings = settingsOf(env);
  const base = source?.value ?? {};
  const fromEnv = settings.length === 0 ? void 0 : readOverrides(settings, base, configJsonSchema(adapters));
  for (const finding of fromEnv?.findings ?? []) problems.push(outsideFile(finding.variable, finding));
  const overrides = fromEnv?.values ?? [];
  const value = fromEnv?.document ?? base;
  const inputs = { folder: file === void 0 ? cwd : dirname(file), env, hostName: options.hostName ?? hostname() };
  const result = createConfigSchema(adapters, inputs).safeParse(value, { error: describeIssue, reportInput: true });
  if (!result.success) {
    for (const finding of findingsOf(result.error.issues)) {
      const parent = finding.path.slice(0, -1);
      const origin = overrides.findLast((one) => covers(one.path, finding.path)) ?? (source?.has(parent) ? void 0 : overrides.findLast((one) => covers(parent, one.path)));
      if (origin !== void 0) problems.push(outsideFile(origin.variable, finding));
      else problems.push(source?.problem(finding) ?? outsideFile("defaults", finding));
    }
  }
  const usersFile = usersFileOf(value, inputs.folder);
  const users = usersFile === void 0 ? void 0 : usersOf(usersFile, cwd, problems);
  if (!result.success || problems.length > 0) throw new ConfigError(inOrder(problems));
  return { config: withUsers(result.data, users), file, document: { value, source, overrides } };
}
function usersFileOf(document, folder) {
  let value = document;
  for (const key of ["broker", "auth", "users"]) value = isPlain(value) ? value[key] : void 0;
  return typeof value === "string" && value !== "" ? resolve(folder, value) : void 0;
}
function findUsersFile(options) {
  const { env, cwd } = options;
  const file = options.file === void 0 ? configPlaces(env, cwd).find(exists) : resolve(cwd, options.file);
  const base = file === void 0 ? {} : readSource(file, cwd).value;
  const settings = settingsOf(env);
  const document = settings.length === 0 ? base : readOverrides(settings, base, configJsonSchema([])).document;
  const path = usersFileOf(document, file === void 0 ? cwd : dirname(file));
  if (path !== void 0) return { path };
  const { broker } = document;
  return isPlain(broker?.auth?.users) ? "inline" : void 0;
}
function usersOf(path, cwd, problems) {
  try {
    return readUsersFile(path, shownPath(path, cwd));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    problems.push(...error.problems);
    return void 0;
  }
}
function withUsers(config, file) {
  const { access } = config.broker;
  if (file === void 0 || access === void 0) return config;
  const all = { ...access, users: file.users, rules: [...access.rules, ...file.rules] };
  return { ...config, broker: { ...config.broker, access: all } };
}
function covers(outer, inner) {
  return outer.length <= inner.length && outer.every((segment, index) => segment === inner[index]);
}
function outsideFile(name, finding) {
  const file = name.startsWith("HPMQ_") ? `environment variable ${name}` : name;
  return {
    file,
    line: void 0,
    column: void 0,
    path: pathText(finding.path),
    message: finding.message,
    hint: finding.hint
  };
}
function inOrder(problems) {
  const seen = /* @__PURE__ */ new Set();
  return problems.filter((problem) => {
    const key = JSON.stringify([problem.line, problem.column, problem.path, problem.message]);
    return !seen.has(key) && seen.add(key);
  }).toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
}
export {
  configPlaces,
  covers,
  findUsersFile,
  loadConfig,
  usersFileOf
};
//# sourceMappingURL=load.js.map

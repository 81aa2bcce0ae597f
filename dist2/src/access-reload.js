import { FileWatch } from "./broker/listeners/file-watch.js";
import { ConfigError, problemLine } from "./config/errors.js";
import { fileFault, readRegularFile } from "./config/io.js";
import { readUsersFile } from "./config/users.js";
import { errorsOf, errorView } from "./core/errors.js";
import { parseJwtKeys } from "./core/jwt-keys.js";
const accessErrors = {
  ACCESS_FILE_INVALID: {
    fault: "config",
    hint: "correct the file: it is read again by itself; until then what it said before is in force"
  }
};
const accessError = errorsOf(accessErrors);
const MAX_NAMES = 20;
class AccessReload {
  #options;
  #watches;
  #problems = /* @__PURE__ */ new Map();
  #access;
  constructor(options) {
    this.#options = options;
    this.#access = options.access;
    const { usersFile, jwt } = options.access;
    const keysFile = jwt !== void 0 && "file" in jwt.keys ? jwt.keys.file : void 0;
    const watch = (file, read) => file === void 0 ? [] : [
      new FileWatch(
        [file],
        options.clock,
        () => this.#reload(file, read),
        () => {
        }
      )
    ];
    this.#watches = [
      ...watch(usersFile, (file) => this.#withUsers(file)),
      ...watch(keysFile, (file) => this.#withKeys(file))
    ];
    for (const one of this.#watches) one.start();
  }
  alarms() {
    return Array.from(this.#problems, ([file, { since, error }]) => {
      return { severity: "error", subject: `file:${file}`, since, error: errorView(error) };
    });
  }
  [Symbol.dispose]() {
    for (const one of this.#watches) one[Symbol.dispose]();
  }
  #reload(file, read) {
    const { apply, audit, clock, log } = this.#options;
    const record = (outcome) => audit({ who: "file", action: "reload access", target: file, outcome });
    let next;
    try {
      next = read(file);
    } catch (error) {
      const problem = accessError("ACCESS_FILE_INVALID", reasonOf(file, error), { cause: error, details: { file } });
      this.#problems.set(file, { since: this.#problems.get(file)?.since ?? clock.now(), error: problem });
      log.error({ error: problem.message, hint: problem.hint }, "access not reloaded");
      record(problem.code);
      return;
    }
    this.#problems.delete(file);
    const changes = changesOf(this.#access.users, next.users);
    this.#access = next;
    apply(next);
    record(changes === "" ? "done" : `done: ${changes}`);
  }
  #withUsers(file) {
    const { users, rules } = readUsersFile(file);
    return { ...this.#access, users, rules: [...this.#access.configuredRules, ...rules] };
  }
  #withKeys(file) {
    const content = readRegularFile(file);
    const keys = parseJwtKeys(content);
    if (typeof keys === "string") throw accessError("ACCESS_FILE_INVALID", `${file}: ${keys}`);
    const jwt = { ...this.#access.jwt, keys: { file, content } };
    return { ...this.#access, jwt };
  }
}
function reasonOf(file, error) {
  if (!(error instanceof ConfigError)) return `${file}: ${fileFault(error)}`;
  const [first, ...others] = error.problems;
  return `${first === void 0 ? file : problemLine(first)}${others.length > 0 ? ` (and ${others.length} more)` : ""}`;
}
function changesOf(before, after) {
  const textOf = (user) => JSON.stringify(user);
  const old = new Map(before.map((user) => [user.name, textOf(user)]));
  const changes = [];
  for (const user of after) {
    const known = old.get(user.name);
    if (known !== textOf(user)) changes.push(`${known === void 0 ? "+" : "~"}${user.name}`);
    old.delete(user.name);
  }
  changes.push(...Array.from(old.keys(), (name) => `-${name}`));
  const shown = changes.slice(0, MAX_NAMES).join(" ");
  return changes.length > MAX_NAMES ? `${shown} and ${changes.length - MAX_NAMES} more` : shown;
}
export {
  AccessReload,
  accessErrors
};
//# sourceMappingURL=access-reload.js.map

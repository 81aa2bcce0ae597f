import { readFileSync } from "node:fs";
import { relative, resolve } from "node:path";
import { fileFault } from "../../config/io.js";
import { hashPassword, parsePasswordHash } from "../../core/password.js";
import { deriveScramCredentials, scramText } from "../../core/scram.js";
import { cliError } from "../errors.js";
import { unknown } from "../names.js";
import { readPassword } from "../password.js";
import { count, visible } from "../text.js";
const collect = (value, before = []) => [...before, value];
function define(command, cli) {
  command.withExamples(
    ["user add anna --role operator", "asks for the password"],
    ["user list", "who there is"],
    ["user import /etc/mosquitto/passwd", "users of Mosquitto, with their passwords"]
  );
  const verb = (usage) => command.verb(usage).option("--users-file <file>", "instead of the one that the configuration names");
  const withPassword = (usage) => verb(usage).option("--password-file <file>", "its first line is the password; else stdin, or a question").option("--scram", "for SCRAM-SHA-256 as well");
  withPassword("add <name>").description("Adds a user").option("--role <role>", "for rules; may be repeated", collect).option("--client-id <id>", "the only client ids it may use, * at the end for any; may be repeated", collect).option("--no-password", "it has none: it comes by certificate or token").withExamples(
    ["user add anna --role operator", "asks for the password twice"],
    ['user add meter-7 --client-id "meter-7*" < secret.txt', "the password comes from a pipe"],
    ["user add line-3 --no-password --role device", "by certificate"]
  ).action(cli.action((name, options) => add(cli, name, options)));
  withPassword("passwd <name>").description("Changes the password of a user").withExamples(
    ["user passwd anna", "asks for it twice"],
    ["user passwd anna --password-file new.txt --scram", "from a file, for SCRAM as well"]
  ).action(
    cli.action(async (name, options) => {
      const path = await usersFile(cli, options);
      await known(await usersOf(path), name);
      const change = await credentials(cli, name, options);
      return edit(cli, path, name, "changed", (users) => users.set(name, change));
    })
  );
  verb("rm <name>").description("Removes a user; a running gateway disconnects it").withExamples(["user rm anna", "and her connections end"]).action(
    cli.action(async (name, options) => {
      const path = await usersFile(cli, options);
      await known(await usersOf(path), name);
      return edit(cli, path, name, "removed", (users) => users.remove(name));
    })
  );
  for (const [word, state, disabled] of [
    ["disable", "disabled", true],
    ["enable", "enabled", void 0]
  ]) {
    verb(`${word} <name>`).description(disabled ? "Lets a user in no more, and keeps it" : "Lets a user in again").withExamples([`user ${word} anna`, disabled ? "her connections end" : "she may connect again"]).action(
      cli.action(async (name, options) => {
        const path = await usersFile(cli, options);
        await known(await usersOf(path), name);
        return edit(cli, path, name, state, (users) => users.set(name, { disabled }));
      })
    );
  }
  verb("list").description("Lists the users").withExamples(["user list", "who may connect"], ["user list --json", "for programs; hashes are not shown"]).action(
    cli.action(async (options) => {
      const users = (await usersOf(await usersFile(cli, options))).map(shownUser);
      await cli.output.list(columns, users, "there are no users");
      return void 0;
    })
  );
  verb("import <file>").description("Takes over the users of a Mosquitto password file").option("--replace", "users that exist already get the password of the file").withExamples(["user import /etc/mosquitto/passwd", "those that exist already stay as they are"]).action(cli.action((file, options) => importFile(cli, file, options)));
}
async function add(cli, name, options) {
  const path = await usersFile(cli, options);
  const before = await usersOf(path);
  const exists = () => cliError("CLI_USER_EXISTS", `there is a user "${name}" already`);
  if (before.some((user) => user.name === name)) throw exists();
  const { role, clientId, password } = options;
  const secrets = password ? await credentials(cli, name, options) : {};
  return edit(cli, path, name, "added", (users) => {
    if (users.has(name)) throw exists();
    users.set(name, {
      ...secrets,
      ...role !== void 0 && { roles: role },
      ...clientId !== void 0 && { clientIds: clientId }
    });
  });
}
async function credentials(cli, name, options) {
  const password = await readPassword(cli, visible(name), options.passwordFile);
  const hash = await hashPassword(password);
  if (!options.scram) return { password: hash, scram: void 0 };
  const { saslprep } = await import("@mongodb-js/saslprep");
  let prepared;
  try {
    prepared = saslprep(password.toString("utf8"));
  } catch {
    throw cliError("CLI_BAD_PASSWORD", "the password has characters that SCRAM does not allow (RFC 4013)");
  }
  return { password: hash, scram: scramText(await deriveScramCredentials(prepared)) };
}
async function edit(cli, path, name, action, change) {
  const { editUsersFile } = await import("../../config/users-edit.js");
  editUsersFile(path, shownPath(path), change);
  if (cli.output.isJson) cli.output.json({ user: name, action, file: path });
  else cli.output.line(`${visible(name)}: ${action}`);
  cli.output.note(`in ${visible(shownPath(path))}; a running gateway takes it over within seconds`);
  return void 0;
}
async function importFile(cli, file, options) {
  const entries = readMosquittoFile(file);
  const path = await usersFile(cli, options);
  const { editUsersFile } = await import("../../config/users-edit.js");
  let imported = 0;
  editUsersFile(path, shownPath(path), (users) => {
    for (const [name, password] of entries) {
      if (users.has(name) && !options.replace) continue;
      users.set(name, { password, scram: void 0 });
      imported++;
    }
  });
  const kept = entries.size - imported;
  if (cli.output.isJson) cli.output.json({ imported, kept, file: path });
  else cli.output.line(`${count(imported, "user")} imported${kept > 0 ? `, ${kept} existed already` : ""}`);
  cli.output.note(`in ${visible(shownPath(path))}; a running gateway takes them over within seconds`);
  return void 0;
}
function readMosquittoFile(file) {
  let text;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw cliError("CLI_BAD_IMPORT", `cannot read ${file}: ${fileFault(error)}`, { cause: error });
  }
  const entries = /* @__PURE__ */ new Map();
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line === "" || line.startsWith("#")) continue;
    const at = line.indexOf(":");
    const hash = line.slice(at + 1);
    if (at < 1 || parsePasswordHash(hash) === void 0) {
      const hint = "hash passwords in clear with `mosquitto_passwd -U FILE` first";
      throw cliError("CLI_BAD_IMPORT", `${file}:${index + 1}: expected user:hash; nothing was imported`, { hint });
    }
    entries.set(line.slice(0, at), hash);
  }
  return entries;
}
async function usersFile(cli, options) {
  if (options.usersFile !== void 0) return resolve(options.usersFile);
  const { findUsersFile } = await import("../../config/load.js");
  const found = findUsersFile({ file: cli.globals.config, env: cli.env, cwd: process.cwd() });
  if (found === "inline") {
    const hint = "move them into a file of their own, and write its name into broker.auth.users";
    throw cliError("CLI_NO_USERS_FILE", "the users are in the configuration itself", { hint });
  }
  if (found === void 0) throw cliError("CLI_NO_USERS_FILE", "the configuration names no file of users");
  return found.path;
}
async function usersOf(path) {
  const { readUsersFile } = await import("../../config/users.js");
  const { existsSync } = await import("node:fs");
  return existsSync(path) ? readUsersFile(path, shownPath(path)).users : [];
}
async function known(users, name) {
  const names = users.map((user) => user.name);
  if (!names.includes(name)) throw await unknown("CLI_UNKNOWN_USER", `there is no user "${name}"`, name, names);
}
function shownPath(path) {
  const short = relative(process.cwd(), path);
  return short.startsWith("..") ? path : short;
}
function shownUser(user) {
  const { name, password, scram, roles, disabled, clientIds } = user;
  return {
    user: name,
    state: disabled ? "disabled" : "enabled",
    password: password === void 0 ? "none" : parsePasswordHash(password)?.kind ?? "none",
    scram: scram !== void 0,
    roles,
    clientIds: clientIds ?? null
  };
}
const columns = [
  { title: "USER", value: ({ user }) => user },
  { title: "STATE", value: ({ state }) => state, tone: ({ state }) => state === "enabled" ? "ok" : "muted" },
  { title: "PASSWORD", value: ({ password }) => password },
  { title: "SCRAM", value: ({ scram }) => scram ? "yes" : "no" },
  { title: "ROLES", value: ({ roles }) => roles.join(" ") },
  { title: "CLIENT IDS", value: ({ clientIds }) => clientIds?.join(" ") ?? "any" }
];
export {
  define
};
//# sourceMappingURL=user.js.map

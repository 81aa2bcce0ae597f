import { z } from "zod";
import { parsePasswordHash } from "../core/password.js";
import { parseScramCredentials } from "../core/scram.js";
import { ConfigError } from "./errors.js";
import { fileFault, readRegularFile } from "./io.js";
import { describeIssue, findingsOf } from "./issues.js";
import { ruleSchema, toRuleConfig } from "./rules.js";
import { ConfigSource, fileProblem } from "./source.js";
import { say, shown } from "./values.js";
const MAX_USERS_BYTES = 16e6;
const userName = z.string().regex(/^[^\u0000-\u001f\u007f*]{1,256}$/, {
  error: (issue) => say(
    `${shown(issue.input)} cannot be a user name`,
    "use 1 to 256 characters, none of them a control character or *"
  )
});
const HASH_HINT = "write it with `hpmq user passwd NAME`, or import it with `hpmq user import`";
const passwordHash = z.string({ error: () => say("is not a password hash", HASH_HINT) }).refine((text) => parsePasswordHash(text) !== void 0, {
  error: () => say("is not a password hash of a known form: passwords are never written in clear", HASH_HINT)
});
const scram = z.string({ error: () => say("is not a SCRAM credential", HASH_HINT) }).refine((text) => parseScramCredentials(text) !== void 0, {
  error: () => say("is not of the form SCRAM-SHA-256$4096:salt$key:key", "write it with `hpmq user passwd NAME --scram`")
});
const role = z.string().regex(/^(?!(?:anonymous|authenticated)$)[A-Za-z0-9_.-]{1,64}$/, {
  error: (issue) => say(
    `${shown(issue.input)} cannot be a role`,
    "use 1 to 64 of A-Z a-z 0-9 _ . -; anonymous and authenticated are given by the gateway"
  )
});
const userSchema = z.strictObject({
  password: passwordHash.optional().describe("its hash, as `hpmq user passwd` writes it; without one no password opens"),
  scram: scram.optional().describe("for SCRAM-SHA-256, as `hpmq user passwd --scram` writes it"),
  roles: z.array(role).optional().describe("named by rules"),
  disabled: z.boolean().optional().describe("may not connect"),
  clientIds: z.array(z.string().min(1).max(256)).optional().describe("the client ids it may use; * at the end is any continuation; any when absent")
});
const usersSchema = z.record(userName, userSchema);
const usersFileSchema = z.strictObject({
  users: usersSchema.prefault({}).describe("by name"),
  rules: z.array(ruleSchema).optional().describe("what they may do, besides broker.auth.rules")
});
function toUserConfigs(users) {
  return Object.entries(users).map(([name, user]) => ({
    name,
    password: user.password,
    scram: user.scram,
    roles: user.roles ?? [],
    disabled: user.disabled ?? false,
    clientIds: user.clientIds
  }));
}
function readUsersFile(path, shownAs = path) {
  let bytes;
  try {
    bytes = readRegularFile(path, MAX_USERS_BYTES);
  } catch (error) {
    const isAbsent = error.code === "ENOENT";
    const hint = isAbsent ? "create it with `hpmq user add NAME`" : "the file of broker.auth.users must be readable for the gateway";
    throw fileProblem(shownAs, `cannot read the users: ${fileFault(error)}`, hint);
  }
  return parseUsersFile(bytes, shownAs);
}
function parseUsersFile(bytes, shownAs) {
  const source = new ConfigSource(shownAs, bytes);
  const result = usersFileSchema.safeParse(source.value, { error: describeIssue, reportInput: true });
  const found = result.success ? [] : findingsOf(result.error.issues).map((finding) => source.problem(finding));
  if (!result.success || source.problems.length > 0) throw new ConfigError([...source.problems, ...found]);
  const { users, rules = [] } = result.data;
  return { users: toUserConfigs(users), rules: rules.map(toRuleConfig) };
}
export {
  parseUsersFile,
  readUsersFile,
  toUserConfigs,
  userName,
  userSchema,
  usersFileSchema,
  usersSchema
};
//# sourceMappingURL=users.js.map

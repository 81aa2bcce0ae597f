import {
  chownSync,
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync
} from "node:fs";
import { Document, isMap, parseDocument } from "yaml";
import { configError } from "./errors.js";
import { fileFault } from "./io.js";
import { parseUsersFile, readUsersFile } from "./users.js";
const STALE = 1e4;
const HEADER = " Users of the MQTT broker; written by `hpmq user`, may be edited. The gateway reads it again by itself.";
function editUsersFile(path, shownAs, change) {
  const target = realPath(path);
  const temporary = `${target}.new`;
  const file = lock(temporary, shownAs);
  let isOpen = true;
  try {
    const old = stateOf(target);
    const before = old === void 0 ? { users: [], rules: [] } : readUsersFile(target, shownAs);
    const document = old === void 0 ? newDocument() : parseDocument(readFileSync(target, "utf8"));
    const names = new Set(before.users.map(({ name }) => name));
    change({
      before,
      has: (name) => names.has(name),
      set: (name, fields) => {
        names.add(name);
        const users = document.get("users");
        if (isMap(users) && users.items.length === 0) users.flow = false;
        if (!isMap(document.getIn(["users", name]))) document.setIn(["users", name], document.createNode({}));
        for (const [field, value] of Object.entries(fields)) {
          if (value === void 0) document.deleteIn(["users", name, field]);
          else document.setIn(["users", name, field], document.createNode(value));
        }
      },
      remove: (name) => {
        names.delete(name);
        document.deleteIn(["users", name]);
      }
    });
    const bytes = Buffer.from(document.toString({ lineWidth: 0 }));
    parseUsersFile(bytes, shownAs);
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
    if (old !== void 0 && (old.uid !== process.geteuid?.() || old.gid !== process.getegid?.())) {
      chownSync(temporary, old.uid, old.gid);
    }
    fsyncSync(file);
    closeSync(file);
    isOpen = false;
    renameSync(temporary, target);
  } catch (error) {
    if (isOpen) closeSync(file);
    unlinkSync(temporary);
    throw error.syscall === void 0 ? error : notWritten(shownAs, error);
  }
}
function lock(temporary, shownAs) {
  const mode = (stateOf(temporary.slice(0, -".new".length))?.mode ?? 384) & 432;
  for (let attempt = 0; ; attempt++) {
    try {
      return openSync(temporary, "wx", mode);
    } catch (error) {
      const { code } = error;
      if (code !== "EEXIST") throw notWritten(shownAs, error);
      const left = stateOf(temporary);
      const isStale = left !== void 0 && Date.now() - left.mtimeMs > STALE;
      if (!isStale || attempt > 0) throw configError("USERS_LOCKED", `${shownAs} is being written`);
      unlinkSync(temporary);
    }
  }
}
function newDocument() {
  const document = new Document({ users: {} });
  document.commentBefore = HEADER;
  return document;
}
function stateOf(path) {
  return statSync(path, { throwIfNoEntry: false });
}
function realPath(path) {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
function notWritten(shownAs, cause) {
  return configError("USERS_NOT_WRITTEN", `cannot write ${shownAs}: ${fileFault(cause)}`, { cause });
}
export {
  editUsersFile
};
//# sourceMappingURL=users-edit.js.map

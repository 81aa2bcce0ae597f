import { readFileSync, statSync } from "node:fs";
import { hostname } from "node:os";
import { resolve } from "node:path";
import { z } from "zod";
import { say } from "./values.js";
function processInputs(folder = process.cwd()) {
  return { folder, env: process.env, hostName: hostname() };
}
const MAX_FILE_BYTES = 1e6;
const REASONS = {
  ENOENT: "there is no such file",
  EACCES: "permission denied",
  EISDIR: "it is a folder",
  ENOTDIR: "a part of the path is not a folder",
  ELOOP: "the links go in a circle"
};
function fileFault(error) {
  const { code, message } = error;
  return (code === void 0 ? void 0 : REASONS[code]) ?? message;
}
function readRegularFile(path, maxBytes = MAX_FILE_BYTES) {
  const stat = statSync(path);
  if (!stat.isFile()) throw new Error(stat.isDirectory() ? "it is a folder" : "it is not a regular file");
  if (stat.size > maxBytes) throw new Error(`it has ${stat.size} bytes, more than ${maxBytes}`);
  return readFileSync(path);
}
function readBytes(source) {
  if (typeof source !== "string") return source;
  try {
    return readRegularFile(source);
  } catch {
    return Buffer.alloc(0);
  }
}
const FILE_HINT = "paths are relative to the folder of the configuration file; the gateway needs read permission";
function filePath(inputs) {
  return z.string().min(1).transform((path, context) => {
    const full = resolve(inputs.folder, path);
    try {
      readRegularFile(full);
      return full;
    } catch (error) {
      context.addIssue({ code: "custom", message: say(`cannot read ${full}: ${fileFault(error)}`, FILE_HINT) });
      return z.NEVER;
    }
  });
}
function fileContent(inputs) {
  return fileWithPath(inputs).transform(({ content }) => content);
}
function fileWithPath(inputs) {
  return z.string().min(1).transform((path, context) => {
    const file = resolve(inputs.folder, path);
    try {
      return { file, content: readRegularFile(file) };
    } catch (error) {
      context.addIssue({ code: "custom", message: say(`cannot read ${file}: ${fileFault(error)}`, FILE_HINT) });
      return z.NEVER;
    }
  });
}
const SECRET_HINT = "write { file: /path/to/file } or { env: NAME_OF_VARIABLE }";
function secretSource(inputs) {
  const error = (issue) => issue.input === void 0 ? void 0 : say("a secret is not written into the configuration itself", SECRET_HINT);
  const reference = z.string({
    error: (issue) => issue.input === void 0 ? void 0 : say("is not a text", SECRET_HINT)
  });
  return z.strictObject({ file: reference.min(1).optional(), env: reference.min(1).optional() }, { error }).transform((source, context) => {
    const fail = (message, hint, path = []) => {
      context.addIssue({ code: "custom", path, message: say(message, hint) });
      return z.NEVER;
    };
    if (source.file === void 0 === (source.env === void 0)) {
      return fail("a secret has exactly one source", SECRET_HINT);
    }
    if (source.env !== void 0) {
      const value = inputs.env[source.env];
      if (value !== void 0 && value !== "") return Buffer.from(value);
      return fail(`the environment variable ${source.env} is not set`, "set it for the gateway, or use { file: \u2026 }", [
        "env"
      ]);
    }
    const full = resolve(inputs.folder, source.file);
    try {
      readRegularFile(full);
      return full;
    } catch (cause) {
      return fail(`cannot read ${full}: ${fileFault(cause)}`, FILE_HINT, ["file"]);
    }
  });
}
function secret(inputs) {
  return secretSource(inputs).transform(readBytes);
}
const MAX_SOCKET_PATH_BYTES = 107;
function socketPath(inputs) {
  return z.string().min(1).transform((path, context) => {
    const full = resolve(inputs.folder, path);
    const bytes = Buffer.byteLength(full);
    if (bytes > MAX_SOCKET_PATH_BYTES) {
      const message = say(
        `${full} has ${bytes} bytes`,
        `a socket's path has at most ${MAX_SOCKET_PATH_BYTES}: choose a shorter one`
      );
      context.addIssue({ code: "custom", message });
    }
    return full;
  });
}
function secretText(inputs) {
  return secret(inputs).transform((bytes) => bytes.toString("utf8").replace(/\r?\n$/, ""));
}
export {
  fileContent,
  fileFault,
  filePath,
  fileWithPath,
  processInputs,
  readBytes,
  readRegularFile,
  secret,
  secretSource,
  secretText,
  socketPath
};
//# sourceMappingURL=io.js.map

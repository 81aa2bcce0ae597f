import { isSea } from "node:sea";
function selfCommand() {
  return isSea() ? [process.execPath] : [process.execPath, ...process.execArgv, process.argv[1] ?? ""];
}
function selfName() {
  return isSea() ? process.execPath : "npx hpmq";
}
export {
  selfCommand,
  selfName
};
//# sourceMappingURL=self.js.map

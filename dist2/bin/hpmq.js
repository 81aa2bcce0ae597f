#!/usr/bin/env -S node --max-semi-space-size=2
import { main } from "../src/cli/program.js";
void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
//# sourceMappingURL=hpmq.js.map

import { exchange } from "./roles/exchange.js";
import { flood } from "./roles/flood.js";
import { guess } from "./roles/guess.js";
import { probe } from "./roles/probe.js";
import { publisher, reader, slowReaders } from "./roles/slow-readers.js";
const roles = { exchange, flood, guess, probe, publisher, reader, slowReaders };
if (process.send !== void 0) {
  const waiting = /* @__PURE__ */ new Map();
  const told = /* @__PURE__ */ new Set();
  const context = {
    say: (word) => void process.send?.({ word }),
    hear: (word) => new Promise((resolve) => {
      if (told.delete(word)) resolve();
      else waiting.set(word, resolve);
    })
  };
  process.on("disconnect", () => process.exit(0));
  process.on("message", (message) => {
    if (message.word !== void 0) {
      const resolve = waiting.get(message.word);
      if (resolve === void 0) told.add(message.word);
      else resolve();
      return;
    }
    const role = roles[message.role];
    role(context, message.options).then(
      (result) => process.send?.({ result: result ?? null }),
      (error) => process.send?.({ error: String(error instanceof Error ? error.stack : error) })
    );
  });
}
//# sourceMappingURL=worker.js.map

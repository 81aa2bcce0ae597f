import { nearest } from "../core/nearest.js";
import { screens } from "./state.js";
const commandNames = [...screens, "help", "quit"].sort();
const argumentNames = { points: "devices", topics: "topics" };
function isScreen(word) {
  return screens.includes(word);
}
function suggestion(word, candidates2) {
  const best = nearest(word, candidates2);
  return best === void 0 ? "" : `, did you mean ${best}?`;
}
function parseCommand(source, names) {
  const text = source.trim();
  const word = text.split(/\s+/, 1)[0] ?? "";
  const rest = text.slice(word.length).trim();
  if (word === "quit" || word === "q") return { kind: "quit" };
  if (word === "help") return { kind: "help" };
  if (!isScreen(word)) {
    return { kind: "problem", problem: `there is no command ${JSON.stringify(word)}${suggestion(word, commandNames)}` };
  }
  const slash = ` ${rest}`.indexOf(" /");
  const argument = (slash < 0 ? rest : rest.slice(0, slash)).trim();
  const filter = slash < 0 ? void 0 : rest.slice(slash + 1);
  if (argument === "") return { kind: "go", route: { screen: word }, filter };
  const kind = argumentNames[word];
  if (kind === void 0) return { kind: "problem", problem: `${word} takes only a /filter` };
  if (kind === "devices" && !names.devices.includes(argument)) {
    return { kind: "problem", problem: `there is no device ${argument}${suggestion(argument, names.devices)}` };
  }
  return { kind: "go", route: { screen: word, argument }, filter };
}
function candidates(source, names) {
  const words = source.trimStart().split(/\s+/);
  const last = words.at(-1) ?? "";
  if (words.length <= 1) return commandNames.filter((name) => name.startsWith(last));
  const kind = words.length === 2 && isScreen(words[0]) ? argumentNames[words[0]] : void 0;
  if (kind === void 0 || last.startsWith("/")) return [];
  return names[kind].filter((name) => name.startsWith(last)).sort();
}
function commonPrefix(words) {
  let prefix = words[0] ?? "";
  for (const word of words) while (!word.startsWith(prefix)) prefix = prefix.slice(0, -1);
  return prefix;
}
function complete(source, names) {
  const found = candidates(source, names);
  if (found.length === 0) return source;
  const last = /\S*$/.exec(source)?.[0] ?? "";
  return source.slice(0, source.length - last.length) + commonPrefix(found) + (found.length === 1 ? " " : "");
}
export {
  candidates,
  commandNames,
  complete,
  parseCommand
};
//# sourceMappingURL=prompt.js.map

const special = [
  ["upArrow", "up"],
  ["downArrow", "down"],
  ["leftArrow", "left"],
  ["rightArrow", "right"],
  ["pageDown", "pgdn"],
  ["pageUp", "pgup"],
  ["home", "home"],
  ["end", "end"],
  ["return", "enter"],
  ["escape", "esc"],
  ["tab", "tab"],
  ["backspace", "backspace"],
  ["delete", "backspace"]
];
const controls = {
  "\r": "enter",
  "\n": "enter",
  "	": "tab",
  "\x1B": "esc",
  "\b": "backspace",
  "\x7F": "backspace"
};
function pressOf(character) {
  const control = controls[character];
  if (control !== void 0) return { name: control };
  const code = character.codePointAt(0);
  if (code < 32) return { name: `ctrl-${String.fromCharCode(code + 96)}` };
  if (character === " ") return { name: "space", text: " " };
  return code >= 128 && code < 160 ? void 0 : { name: character, text: character };
}
function pressesOf(input, key) {
  for (const [flag, name] of special) if (key[flag]) return [{ name }];
  if (key.ctrl) return input === "" ? [] : [{ name: `ctrl-${input === " " ? "space" : input}` }];
  if (key.meta) return [];
  return [...input].map(pressOf).filter((press) => press !== void 0);
}
export {
  pressesOf
};
//# sourceMappingURL=press.js.map

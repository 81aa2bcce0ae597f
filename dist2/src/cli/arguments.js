import { cliError } from "./errors.js";
function wholeNumber(text) {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= 1) return value;
  throw cliError("CLI_USAGE", `"${text}" is not a whole number from 1`, { hint: "write --limit 10" });
}
function between(min, max, example) {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw cliError("CLI_USAGE", `"${text}" is not a number from ${min} to ${max}`, { hint: `write ${example}` });
  };
}
function qualityOfService(text) {
  if (text === "0" || text === "1" || text === "2") return Number(text);
  throw cliError("CLI_USAGE", `"${text}" is not a quality of service`, { hint: "write --qos 0, 1 or 2" });
}
function writtenValue(text) {
  if (text === "true" || text === "false") return text === "true";
  if (!/^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(text)) return text;
  const value = Number(text);
  return Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value)) ? value : text;
}
export {
  between,
  qualityOfService,
  wholeNumber,
  writtenValue
};
//# sourceMappingURL=arguments.js.map

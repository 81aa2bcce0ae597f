import { apiError } from "./errors.js";
const MAX_EVENT_CHARS = 64e6;
async function* parseEvents(chunks) {
  let pending = [];
  let chars = 0;
  let kind = "";
  let data = "";
  for await (const chunk of chunks) {
    const lines = chunk.split("\n");
    const last = lines.pop();
    for (const line of lines) {
      const text = pending.length === 0 ? line : pending.join("") + line;
      pending = [];
      chars = 0;
      if (text === "") {
        if (data !== "") yield { kind, data: parseData(data) };
        kind = "";
        data = "";
      } else if (text.startsWith("event: ")) kind = text.slice("event: ".length);
      else if (text.startsWith("data: ")) data += text.slice("data: ".length);
    }
    if (last !== "") {
      pending.push(last);
      chars += last.length;
      if (chars > MAX_EVENT_CHARS)
        throw apiError("GATEWAY_BAD_ANSWER", `an event has more than ${MAX_EVENT_CHARS} characters`);
    }
  }
}
function parseData(text) {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw apiError("GATEWAY_BAD_ANSWER", "an event is not JSON", { cause });
  }
}
export {
  parseEvents
};
//# sourceMappingURL=sse-parser.js.map

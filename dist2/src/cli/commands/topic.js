import { EXIT } from "../../core/exit.js";
import { topicFilterFault, topicNameFault } from "../../core/topic.js";
import { qualityOfService, wholeNumber } from "../arguments.js";
import { cliError } from "../errors.js";
import { count, timeText, visible } from "../text.js";
const MAX_PAYLOAD_BYTES = 7e5;
function define(command, cli) {
  command.withExamples(
    ["topic tail 'hpmq/#'", "follow messages until Ctrl-C"],
    ["topic pub plant/lamp on", "publish a message"]
  );
  command.verb("pub <topic> [message]").description("Publishes one message").option("--qos <n>", "quality of service: 0, 1 or 2", qualityOfService, 0).option("--retain", "keep it for later subscribers").withExamples(
    ["topic pub plant/lamp on", "a text"],
    ["topic pub plant/image - < image.png", "bytes from stdin"],
    ["topic pub plant/lamp '' --retain", "remove a retained message"]
  ).action(
    cli.action(
      (topic, message, options) => publish(cli, topic, message, options.qos, options.retain ?? false)
    )
  );
  command.verb("tail [filter]").description("Follows messages: retained ones first, then as they come").option("--limit <n>", "end after so many messages", wholeNumber).withExamples(
    ["topic tail", "everything"],
    ["topic tail 'hpmq/+/boiler/#'", "a topic filter"],
    ["topic tail 'hpmq/#' --json", "NDJSON, one message per line"]
  ).action(
    cli.action((filter, options) => tail(cli, filter ?? "#", options.limit))
  );
}
async function publish(cli, topic, message, qos, retain) {
  const fault = topicNameFault(topic);
  if (fault !== void 0) {
    throw cliError("CLI_USAGE", `"${visible(topic).slice(0, 100)}" is not a topic: ${fault}`, {
      hint: "write a topic without wildcards"
    });
  }
  const body = { topic, qos, retain, ...await payloadOf(cli, message) };
  const result = await cli.request("POST /v1/publish", { body });
  if (cli.output.isJson) cli.output.json(result);
  else cli.output.note(`published to ${visible(topic)} (QoS ${qos}${retain ? ", retained" : ""})`);
  return void 0;
}
async function payloadOf(cli, message) {
  const { stdin } = cli.streams;
  if (message !== void 0 && message !== "-") return { text: message };
  if (message === void 0 && stdin.isTTY === true) {
    throw cliError("CLI_NO_INPUT", "there is no message", {
      hint: "give it as an argument, '' for an empty one, or pipe it in"
    });
  }
  const chunks = [];
  let bytes = 0;
  for await (const chunk of stdin) {
    bytes += chunk.length;
    if (bytes > MAX_PAYLOAD_BYTES)
      throw cliError("CLI_USAGE", `the message has more than ${MAX_PAYLOAD_BYTES} bytes`, {
        hint: "use an MQTT client for large messages"
      });
    chunks.push(chunk);
  }
  return { base64: Buffer.concat(chunks).toString("base64") };
}
async function tail(cli, filter, limit = Number.POSITIVE_INFINITY) {
  const fault = topicFilterFault(filter);
  if (fault !== void 0) {
    throw cliError("CLI_USAGE", `"${visible(filter).slice(0, 100)}" is not a topic filter: ${fault}`, {
      hint: "quote it: 'plant/+/temperature' or 'plant/#'"
    });
  }
  const client = await cli.client();
  let lines = 0;
  for await (const event of client.events({ kinds: ["messages"], filter, rate: 10, signal: cli.stopSignal })) {
    if (event.kind !== "messages") continue;
    for (const message of event.data.items) {
      if (cli.output.isJson) cli.output.jsonLine(message);
      else cli.output.line(messageLine(message));
      if (++lines >= limit) return EXIT.OK;
    }
    if (event.data.dropped > 0)
      cli.output.note(`${count(event.data.dropped, "message")} came too fast and were left out`);
  }
  return cli.stopCode;
}
function messageLine(message) {
  const payload = message.text === void 0 ? `(${message.bytes} bytes) ${message.base64}` : visible(message.text);
  return `${timeText(message.at)}  ${visible(message.topic)}  ${payload}${message.truncated ? "\u2026" : ""}${message.stored ? "  (retained)" : ""}`;
}
export {
  define
};
//# sourceMappingURL=topic.js.map

import { Command, Help } from "commander";
import { EXIT_CODES_HELP } from "../core/exit.js";
import { cliError } from "./errors.js";
class HpmqCommand extends Command {
  examples = [];
  createCommand(name) {
    return new HpmqCommand(name);
  }
  createHelp() {
    return Object.assign(new HpmqHelp(), this.configureHelp());
  }
  /** Help is for commands that exist: `hpmq help nope` is a mistake. */
  helpInformation(context) {
    if (this.commands.length > 0 && /^[^-]/.test(this.args[0] ?? "")) this.unknownCommand();
    return super.helpInformation(context);
  }
  /** Usage errors with the usage of the command that was meant. */
  error(text) {
    const [first = "", ...rest] = text.replace(/^error: /, "").split("\n");
    const message = first.replaceAll("'", '"').replace(/\. Expected \d+ arguments? but got .*$/s, "");
    const suggestion = /\(Did you mean (.+)\?\)/s.exec(rest.join(" "))?.[1];
    if (suggestion !== void 0) throw cliError("CLI_USAGE", message, { hint: `did you mean ${suggestion}?` });
    const usage = this.createHelp().commandUsage(this).replaceAll(" [options]", "");
    const known = this.commands.map((one) => one.name()).join(", ");
    throw cliError("CLI_USAGE", message, {
      hint: message.startsWith("unknown command") ? `known commands: ${known}` : `write \`${usage}\`, or see its --help`
    });
  }
  /** Typed as ours, for chaining. */
  verb(nameAndArguments) {
    return this.command(nameAndArguments);
  }
  /** Full command lines without the leading `hpmq`. */
  withExamples(...examples) {
    this.examples = examples;
    return this;
  }
}
class HpmqHelp extends Help {
  showGlobalOptions = true;
  /** `write <point> <value>`: as the usage says it, `[options]` left out. */
  subcommandTerm(command) {
    return `${command.name()} ${command.usage().replace("[options]", "").trim()}`.trim();
  }
  formatHelp(command, helper) {
    const width = helper.padWidth(command, helper);
    const section = (title, items) => items.length === 0 ? [] : [`${title}:`, ...items.map(([term, description]) => helper.formatItem(term, width, description, helper)), ""];
    const options = helper.visibleOptions(command).map((one) => [helper.optionTerm(one), helper.optionDescription(one)]);
    const global = helper.visibleGlobalOptions(command).map((one) => [helper.optionTerm(one), helper.optionDescription(one)]);
    const commands = helper.visibleCommands(command).map((one) => [helper.subcommandTerm(one), helper.subcommandDescription(one)]);
    const args = helper.visibleArguments(command).map((one) => [helper.argumentTerm(one), helper.argumentDescription(one)]);
    const longest = Math.max(0, ...command.examples.map(([line]) => line.length));
    return [
      `${command.description()}`,
      "",
      ...command.examples.length === 0 ? [] : ["Examples:", ...command.examples.map(([line, what]) => `  hpmq ${line.padEnd(longest)}   ${what}`), ""],
      `Usage: ${helper.commandUsage(command)}`,
      "",
      ...section("Commands", commands),
      ...section("Arguments", args),
      ...section(command.parent === null ? "Global options" : "Options", options),
      ...section("Global options", global),
      EXIT_CODES_HELP,
      ""
    ].join("\n");
  }
}
export {
  HpmqCommand
};
//# sourceMappingURL=command.js.map

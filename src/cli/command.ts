/** Commander's Command with our help: purpose, examples, usage, then the rest; exit codes last. */
import { Command, Help, type HelpContext } from 'commander';
import { EXIT_CODES_HELP } from '../core/exit.js';
import { cliError } from './errors.js';

export type Example = readonly [command: string, what: string];

export class HpmqCommand extends Command {
  examples: readonly Example[] = [];
  /** Commander's own, missing in its types: refuses the first word, with a suggestion. */
  declare readonly unknownCommand: () => never;

  override createCommand(name?: string): HpmqCommand {
    return new HpmqCommand(name);
  }

  override createHelp(): Help {
    return Object.assign(new HpmqHelp(), this.configureHelp());
  }

  /** Help is for commands that exist: `hpmq help nope` is a mistake. */
  override helpInformation(context?: HelpContext): string {
    if (this.commands.length > 0 && /^[^-]/.test(this.args[0] ?? '')) this.unknownCommand();
    return super.helpInformation(context);
  }

  /** Usage errors with the usage of the command that was meant. */
  override error(text: string): never {
    const [first = '', ...rest] = text.replace(/^error: /, '').split('\n');
    // Arguments may be counted that the usage does not show.
    const message = first.replaceAll("'", '"').replace(/\. Expected \d+ arguments? but got .*$/s, '');
    const suggestion = /\(Did you mean (.+)\?\)/s.exec(rest.join(' '))?.[1];
    if (suggestion !== undefined) throw cliError('CLI_USAGE', message, { hint: `did you mean ${suggestion}?` });
    const usage = this.createHelp().commandUsage(this).replaceAll(' [options]', '');
    const names = this.commands.map((one) => one.name());
    // What begins like this is for shells.
    const known = names.filter((name) => !name.startsWith('__')).join(', ');
    throw cliError('CLI_USAGE', message, {
      hint: message.startsWith('unknown command')
        ? `known commands: ${known}`
        : `write \`${usage}\`, or see its --help`,
    });
  }

  /** Typed as ours, for chaining. */
  verb(nameAndArguments: string): HpmqCommand {
    return this.command(nameAndArguments) as HpmqCommand;
  }

  /** Full command lines without the leading `hpmq`. */
  withExamples(...examples: readonly Example[]): this {
    this.examples = examples;
    return this;
  }
}

class HpmqHelp extends Help {
  override showGlobalOptions = true;

  /** `write <point> <value>`: as the usage says it, `[options]` left out. */
  override subcommandTerm(command: HpmqCommand): string {
    return `${command.name()} ${command.usage().replace('[options]', '').trim()}`.trim();
  }

  override formatHelp(command: HpmqCommand, helper: Help): string {
    const width = helper.padWidth(command, helper);
    const section = (title: string, items: readonly (readonly [term: string, description: string])[]) =>
      items.length === 0
        ? []
        : [`${title}:`, ...items.map(([term, description]) => helper.formatItem(term, width, description, helper)), ''];
    const options = helper
      .visibleOptions(command)
      .map((one) => [helper.optionTerm(one), helper.optionDescription(one)] as const);
    const global = helper
      .visibleGlobalOptions(command)
      .map((one) => [helper.optionTerm(one), helper.optionDescription(one)] as const);
    const commands = helper
      .visibleCommands(command)
      .map((one) => [helper.subcommandTerm(one), helper.subcommandDescription(one)] as const);
    const args = helper
      .visibleArguments(command)
      .map((one) => [helper.argumentTerm(one), helper.argumentDescription(one)] as const);
    const longest = Math.max(0, ...command.examples.map(([line]) => line.length));
    return [
      `${command.description()}`,
      '',
      ...(command.examples.length === 0
        ? []
        : ['Examples:', ...command.examples.map(([line, what]) => `  hpmq ${line.padEnd(longest)}   ${what}`), '']),
      `Usage: ${helper.commandUsage(command)}`,
      '',
      ...section('Commands', commands),
      ...section('Arguments', args),
      ...section(command.parent === null ? 'Global options' : 'Options', options),
      ...section('Global options', global),
      EXIT_CODES_HELP,
      '',
    ].join('\n');
  }
}

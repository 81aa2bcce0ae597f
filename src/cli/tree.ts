/** The commands with all their verbs: for manual pages and completion, which need more than the one that was chosen. */
import type { Argument, Command, Option } from 'commander';
import type { HpmqCommand } from './command.js';

/** Shown in help: neither hidden nor the help itself. */
export function visibleCommands(command: Command): readonly HpmqCommand[] {
  return command.createHelp().visibleCommands(command) as HpmqCommand[];
}

export function visibleOptions(command: Command): readonly Option[] {
  return command.createHelp().visibleOptions(command);
}

/** Those of the command, then those of its parents. */
export function allOptions(command: Command): readonly Option[] {
  const help = command.createHelp();
  help.showGlobalOptions = true;
  return [...help.visibleOptions(command), ...help.visibleGlobalOptions(command)];
}

/** `--output <file>` takes a value, `--json` does not. */
export function takesValue(option: Option): boolean {
  return option.required || option.optional;
}

/** `file` of `-o, --output <file>`. */
export function valueName(option: Option): string {
  return /[<[]([^>\]]+)[>\]]/.exec(option.flags)?.[1] ?? '';
}

/** What stands at this place of the command line; a variadic argument at all that follow. */
export function argumentAt(command: Command, index: number): Argument | undefined {
  const known = command.registeredArguments;
  const last = known.at(-1);
  return known[index] ?? (last?.variadic ? last : undefined);
}

/** hpmq(1), from the commands: man(7). */
import type { Command } from 'commander';
import type { HpmqCommand } from './command.js';
import { takesValue, valueName, visibleCommands, visibleOptions } from './tree.js';

export interface ManOptions {
  readonly version: string;
  /** `2026-11-26` */
  readonly date: string;
}

/** roff's own characters: `\`, `-` as a minus that can be copied, and `.` or `'` at the beginning of a line. */
export function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^(?=[.'])/gm, '\\&');
}

export const bold = (text: string): string => `\\fB${roff(text)}\\fR`;
export const italic = (text: string): string => `\\fI${roff(text)}\\fR`;

/** TH: the first line of a page. */
export function heading(name: string, section: number, { version, date }: ManOptions): string {
  return `.\\" Generated: do not edit.\n.TH ${name.toUpperCase()} ${section} ${date} "HPMQ ${version}"\n`;
}

/** hpmq(1) */
export function commandsPage(root: HpmqCommand, options: ManOptions): string {
  const parts = [
    heading('hpmq', 1, options),
    `.SH NAME\nhpmq \\- ${roff(root.description())}\n`,
    `.SH SYNOPSIS\n${bold('hpmq')} [${italic('options')}] ${italic('command')} [${italic('arguments')}]\n`,
    '.SH DESCRIPTION\n',
    roff(
      'HPMQ reads field devices and serves their values over MQTT. `hpmq run` is the gateway; the other commands talk to a running gateway over its control socket, or work on files.',
    ),
    '\n.SH OPTIONS\n',
    ...visibleOptions(root).map(optionItem),
    '.SH COMMANDS\n',
    ...visibleCommands(root)
      .filter((one) => one.name() !== 'help')
      .flatMap((one) => [...commandParts(one)]),
    `.SH EXIT STATUS\n${EXIT_STATUS.map(([code, what]) => `.TP\n${bold(code)}\n${roff(what)}\n`).join('')}`,
    `.SH ENVIRONMENT\n${ENVIRONMENT.map(([name, what]) => `.TP\n${bold(name)}\n${roff(what)}\n`).join('')}`,
    `.SH FILES\n${FILES.map(([name, what]) => `.TP\n${italic(name)}\n${roff(what)}\n`).join('')}`,
    `.SH EXAMPLES\n${examples(root)}`,
    `.SH SEE ALSO\n${bold('hpmq.yaml')}(5), ${bold('systemctl')}(1)\n`,
  ];
  return parts.join('');
}

function* commandParts(command: HpmqCommand): Generator<string> {
  const verbs = visibleCommands(command).filter((one) => one.name() !== 'help');
  yield `.SS ${roff(words(command))}\n${roff(command.description())}.\n`;
  const own = visibleOptions(command).filter(({ long }) => long !== '--help');
  if (verbs.length === 0) yield `.PP\n${usage(command)}\n`;
  for (const option of own) yield optionItem(option);
  for (const verb of verbs) {
    yield `.TP\n${usage(verb)}\n${roff(verb.description())}.\n`;
    const of = visibleOptions(verb).filter(({ long }) => long !== '--help');
    if (of.length > 0) yield `.RS\n${of.map(optionItem).join('')}.RE\n`;
  }
  if (command.examples.length > 0) yield `.PP\n${examples(command)}`;
}

function examples(command: HpmqCommand): string {
  return command.examples.map(([line, what]) => `.TP\n${bold(`hpmq ${line}`)}\n${roff(what)}\n`).join('');
}

function words(command: Command): string {
  return command.parent === null ? command.name() : `${words(command.parent)} ${command.name()}`;
}

function usage(command: Command): string {
  const rest = command.usage().replace('[options]', '').trim();
  const args = rest.replace(/[\w:=|.-]+/g, (word) => italic(word));
  return `${bold(words(command))} ${args}`.trim();
}

function optionItem(
  option: { readonly flags: string; readonly description: string } & Parameters<typeof takesValue>[0],
) {
  const flags = option.flags
    .replace(/\s*[<[].*$/, '')
    .split(/, */)
    .map(bold)
    .join(', ');
  const value = takesValue(option) ? ` ${italic(valueName(option))}` : '';
  return `.TP\n${flags}${value}\n${roff(option.description)}.\n`;
}

const EXIT_STATUS = [
  ['0', 'done'],
  ['1', 'the answer is no: a check failed, a write was refused'],
  ['64', 'wrong usage'],
  ['69', 'gateway, device or far side unavailable'],
  ['70', 'a defect of hpmq'],
  ['74', 'the result could not be written'],
  ['75', 'try again later: a limit was reached'],
  ['78', 'wrong configuration'],
] as const;

const ENVIRONMENT = [
  ['HPMQ_SOCKET', 'control socket of the gateway'],
  ['HPMQ_SECTION__KEY', 'a value of the configuration, before that of the file: HPMQ_BROKER__LISTENERS__0__PORT=1884'],
  ['NO_COLOR', 'no colours'],
] as const;

const FILES = [
  [
    '/etc/hpmq/hpmq.yaml',
    'the configuration, when there is no ./hpmq.yaml and no ~/.config/hpmq/hpmq.yaml; see hpmq.yaml(5)',
  ],
  ['/var/lib/hpmq', 'what the service keeps'],
  ['/run/hpmq/control.sock', 'control socket of the service'],
] as const;

/** What may stand at the cursor of a shell: verbs, options, and the names of what the running gateway has. */
import type { ApiClient } from '../api/contract.js';
import type { HpmqCommand } from './command.js';
import { allOptions, argumentAt, takesValue, valueName, visibleCommands } from './tree.js';

export interface Candidate {
  readonly word: string;
  readonly what: string;
}

export interface Completion {
  readonly candidates: readonly Candidate[];
  /** The shell offers its files, too. */
  readonly files: boolean;
}

/** Names of the running gateway; undefined: there is none. */
export type Asks = () => ApiClient | undefined;

const NOTHING: Completion = { candidates: [], files: false };
const FILES: Completion = { candidates: [], files: true };

/** Completion is no list to read: what is more is not offered. */
const MAX_CANDIDATES = 500;

/**
 * @param define - adds the verbs of a command that has only its name
 * @param words - behind `hpmq`, the last one is where the cursor is, and may be empty
 */
export async function complete(
  root: HpmqCommand,
  define: (command: HpmqCommand) => Promise<void>,
  words: readonly string[],
  asks: Asks,
): Promise<Completion> {
  const current = words.at(-1) ?? '';
  const place = await walk(root, define, words.slice(0, -1));
  if (place.optionValue !== undefined) return values(place.optionValue.name, place.optionValue.choices, current, asks);
  const { command, index, onlyArguments } = place;
  if (current.startsWith('-') && !onlyArguments) {
    const options = allOptions(command).flatMap((option) =>
      option.long === undefined ? [] : [{ word: option.long, what: option.description }],
    );
    return offer(options, current);
  }
  const commands = visibleCommands(command).filter((one) => one.name() !== 'help');
  if (commands.length > 0 && index === 0) {
    return offer(
      commands.map((one) => ({ word: one.name(), what: one.description() })),
      current,
    );
  }
  const argument = argumentAt(command, index);
  if (argument === undefined) return NOTHING;
  // `show <id>` of clients, `watch [names...]` of points.
  const name = ['id', 'names'].includes(argument.name()) ? (command.parent?.name() ?? '') : argument.name();
  return values(name, argument.argChoices, current, asks);
}

interface Place {
  readonly command: HpmqCommand;
  /** Of the argument at the cursor. */
  readonly index: number;
  /** Behind `--`. */
  readonly onlyArguments: boolean;
  /** The cursor is at the value of an option. */
  readonly optionValue: { readonly name: string; readonly choices: readonly string[] | undefined } | undefined;
}

async function walk(
  root: HpmqCommand,
  define: (command: HpmqCommand) => Promise<void>,
  words: readonly string[],
): Promise<Place> {
  let command = root;
  let index = 0;
  let onlyArguments = false;
  let optionValue: Place['optionValue'];
  for (const word of words) {
    if (optionValue !== undefined) optionValue = undefined;
    else if (word === '--') onlyArguments = true;
    else if (word.startsWith('-') && !onlyArguments) {
      const option = allOptions(command).find(({ long, short }) => word === long || word === short);
      if (option !== undefined && takesValue(option)) {
        optionValue = { name: valueName(option), choices: option.argChoices };
      }
    } else {
      const verb = index === 0 ? visibleCommands(command).find((one) => one.name() === word) : undefined;
      if (verb === undefined) index++;
      else {
        await define(verb);
        command = verb;
      }
    }
  }
  return { command, index, onlyArguments, optionValue };
}

async function values(
  name: string,
  choices: readonly string[] | undefined,
  current: string,
  asks: Asks,
): Promise<Completion> {
  if (choices !== undefined)
    return offer(
      choices.map((word) => ({ word, what: '' })),
      current,
    );
  // `<pause|resume>`
  if (name.includes('|'))
    return offer(
      name.split('|').map((word) => ({ word, what: '' })),
      current,
    );
  if (/^(file|folder|path|module|source|dir)$/.test(name)) return FILES;
  const client = NAMES[name] && asks();
  if (client === undefined) return NOTHING;
  // A gateway that is away, or slow, completes nothing.
  const found = await NAMES[name]!(client).catch(() => []);
  return offer(found, current);
}

const NAMES: Readonly<Record<string, (client: ApiClient) => Promise<readonly Candidate[]>>> = {
  device: async (client) =>
    (await client.request('GET /v1/devices')).items.map(({ name, state }) => ({ word: name, what: state })),
  point: async (client) =>
    (await client.request('GET /v1/points')).items.map(({ device, point }) => ({
      word: `${device}/${point}`,
      what: '',
    })),
  port: async (client) => (await client.request('GET /v1/ports')).items.map(({ name }) => ({ word: name, what: '' })),
  link: async (client) =>
    (await client.request('GET /v1/links')).items.map(({ name, state }) => ({ word: name, what: state })),
  function: async (client) =>
    (await client.request('GET /v1/functions')).items.map(({ name, state }) => ({ word: name, what: state })),
  client: async (client) =>
    (await client.request('GET /v1/clients')).items.map(({ clientId }) => ({ word: clientId, what: '' })),
};

function offer(all: readonly Candidate[], current: string): Completion {
  return { candidates: all.filter(({ word }) => word.startsWith(current)).slice(0, MAX_CANDIDATES), files: false };
}

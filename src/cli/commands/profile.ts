import { basename, dirname, resolve } from 'node:path';
import type { Profile } from '../../config/profiles/file.js';
import type { ProfileLibrary } from '../../config/profiles/library.js';
import type { AnyAdapter } from '../../core/adapter.js';
import { EXIT } from '../../core/exit.js';
import { nearest } from '../../core/nearest.js';
import type { PointResult, ProfileResult } from '../../profile-test.js';
import type { Cli } from '../cli.js';
import type { HpmqCommand } from '../command.js';
import { cliError } from '../errors.js';
import type { Column } from '../table.js';
import { count, visible } from '../text.js';

interface Options {
  readonly profiles?: string;
}

const FOLDER: readonly [string, string] = [
  '--profiles <folder>',
  'folder with <vendor>/<model>.yaml, beside those of the configuration',
];

export function define(command: HpmqCommand, cli: Cli): void {
  command.withExamples(
    ['profile list', 'what there is, shipped and your own'],
    ['profile show eastron/sdm630', 'points, units and where the register map comes from'],
    ['profile test', 'play the recorded frames of all profiles'],
  );
  command
    .verb('list')
    .description('Lists device profiles')
    .option(...FOLDER)
    .withExamples(['profile list', 'all profiles'], ['profile list --json', 'for programs'])
    .action(cli.action((options: Options) => list(cli, options)));
  command
    .verb('show <profile>')
    .description('Shows a profile and its points')
    .option('--yaml', 'the file itself, as a beginning for one of your own')
    .option(...FOLDER)
    .withExamples(
      ['profile show eastron/sdm630', 'its points'],
      ['profile show eastron/sdm630 --yaml > profiles/acme/meter.yaml', 'a copy to change'],
    )
    .action(cli.action((name: string, options: Options & { yaml?: boolean }) => show(cli, name, options)));
  command
    .verb('test [profile]')
    .description('Plays recorded frames to profiles; exit code 1 when a reading is not as expected')
    .option(...FOLDER)
    .withExamples(
      ['profile test', 'all profiles that have recordings'],
      ['profile test profiles/acme/meter.yaml', 'one file'],
    )
    .action(cli.action((name: string | undefined, options: Options) => test(cli, name, options)));
}

async function open(cli: Cli, { profiles }: Options, more: readonly string[] = []) {
  const [{ findProfiles }, { loadAdapters }] = await Promise.all([
    import('../../config/load.js'),
    import('../../builtin.js'),
  ]);
  const adapters = await loadAdapters();
  const options = { file: cli.globals.config, env: cli.env, cwd: process.cwd(), adapters };
  const library = findProfiles(options, [...more, ...(profiles === undefined ? [] : [profiles])]);
  return { library, adapters };
}

interface Row {
  readonly name: string;
  readonly version: string | null;
  readonly points: number | null;
  readonly title: string;
  readonly from: string;
}

async function list(cli: Cli, options: Options): Promise<undefined> {
  const { library } = await open(cli, options);
  const { ConfigError } = await import('../../config/errors.js');
  const rows = library.list().map(({ name, file, replaces }): Row => {
    const from = file === undefined ? 'hpmq' : replaces ? `${file} (in place of the one of hpmq)` : file;
    try {
      const { version, points, title } = library.get(name)!;
      return { name, version, points: Object.keys(points).length, title, from };
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      return { name, version: null, points: null, title: `not valid: ${error.message}`, from };
    }
  });
  const columns: readonly Column<Row>[] = [
    { title: 'PROFILE', value: ({ name }) => name },
    { title: 'VERSION', value: ({ version }) => version ?? '—' },
    { title: 'POINTS', value: ({ points }) => String(points ?? '—'), align: 'right' },
    { title: 'DEVICE', value: ({ title }) => title, tone: ({ version }) => (version === null ? 'bad' : undefined) },
    { title: 'FROM', value: ({ from }) => from },
  ];
  await cli.output.list(columns, rows, 'there are no profiles');
  return undefined;
}

function find(library: ProfileLibrary, name: string): Profile {
  const profile = library.get(name);
  if (profile !== undefined) return profile;
  const names = library.list().map((place) => place.name);
  const close = nearest(name, names);
  throw cliError(
    'CLI_UNKNOWN_PROFILE',
    `there is no profile "${name}"`,
    close === undefined ? {} : { hint: `did you mean ${close}? \`hpmq profile list\` shows all` },
  );
}

interface PointRow {
  readonly id: string;
  readonly unit: string | null;
  readonly writable: boolean;
  readonly address: string;
  readonly description: string | null;
}

/** Everything that says where a point lies and how it is read, as it is written in the file. */
function addressText(point: Readonly<Record<string, unknown>>): string {
  const { unit, description, write, address, ...rest } = point;
  const more = Object.entries(rest).map(([key, value]) => `${key} ${JSON.stringify(value).replaceAll('"', '')}`);
  return [address === undefined ? '' : String(address), ...more].filter((part) => part !== '').join(', ');
}

async function show(cli: Cli, name: string, options: Options & { yaml?: boolean }): Promise<undefined> {
  const { library } = await open(cli, options);
  const profile = find(library, name);
  const { output } = cli;
  if (options.yaml) {
    output.line(library.text(name)!.trimEnd());
    return undefined;
  }
  if (output.isJson) {
    output.json({ ...profile, file: profile.file ?? null, description: profile.description ?? null });
    return undefined;
  }
  const row = (title: string, text: string) => output.line(`${title.padEnd(10)} ${visible(text)}`);
  row('profile', `${profile.name} ${profile.version}`);
  row('device', profile.title);
  row('adapter', profile.adapter + (profile.kind === 'walk' ? ', finds its blocks by itself' : ''));
  if (Object.keys(profile.device).length > 0) row('settings', addressText(profile.device));
  if (profile.file !== undefined) row('file', profile.file);
  for (const source of profile.sources) row('source', source);
  if (profile.description !== undefined) row('note', profile.description);
  output.line('');
  const rows = Object.entries(profile.points).map(([id, point]): PointRow => {
    const { unit, description, write } = point as { unit?: string; description?: string; write?: unknown };
    return {
      id,
      unit: unit ?? null,
      writable: write !== undefined && write !== false,
      address: addressText(point),
      description: description ?? null,
    };
  });
  const columns: readonly Column<PointRow>[] = [
    { title: 'POINT', value: ({ id }) => id },
    { title: 'UNIT', value: ({ unit }) => unit ?? '' },
    { title: 'W', value: ({ writable }) => (writable ? 'w' : '') },
    { title: 'ADDRESS', value: ({ address }) => address },
    { title: 'MEANING', value: ({ description }) => description ?? '' },
  ];
  await output.list(columns, rows, 'this profile has no points');
  return undefined;
}

async function test(cli: Cli, wanted: string | undefined, options: Options): Promise<number> {
  // A file: its folder's folder is one of profiles.
  const isFile = wanted?.endsWith('.yaml') === true;
  const file = isFile ? resolve(process.cwd(), wanted) : undefined;
  const { library, adapters } = await open(cli, options, file === undefined ? [] : [dirname(dirname(file))]);
  const name = file === undefined ? wanted : `${basename(dirname(file))}/${basename(file, '.yaml')}`;
  const names = name === undefined ? library.list().map((place) => place.name) : [find(library, name).name];
  const results: ProfileResult[] = [];
  for (const one of names) {
    const result = await testOne(library, one, adapters);
    if (result !== undefined) results.push(result);
    else if (name !== undefined) {
      throw cliError('CLI_UNKNOWN_PROFILE', `the profile ${name} has no recordings`, {
        hint: 'put them beside it, in <model>.test.yaml',
      });
    }
  }
  const { output } = cli;
  if (output.isJson) output.json({ items: results });
  else for (const result of results) for (const line of resultLines(result)) output.line(line);
  const failed = results.filter(({ ok }) => !ok).length;
  if (!output.isJson) output.note(`${count(results.length, 'profile')} tested, ${failed} failed`);
  return failed === 0 ? EXIT.OK : EXIT.NO;
}

async function testOne(library: ProfileLibrary, name: string, adapters: readonly AnyAdapter[]) {
  const [{ parseRecordedTest }, { testProfile }] = await Promise.all([
    import('../../config/profiles/test-file.js'),
    import('../../profile-test.js'),
  ]);
  const recorded = library.test(name);
  if (recorded === undefined) return undefined;
  const recordings = parseRecordedTest(recorded.shown, recorded.bytes, name);
  return testProfile(library.get(name)!, recordings, adapters);
}

function resultLines({ profile, ok, recordings, untested }: ProfileResult): readonly string[] {
  const points = recordings.flatMap((recording) => recording.points);
  const wrong = (one: PointResult) => `  ${one.point}: expected ${one.expected}, found ${one.found}`;
  return [
    `${profile}: ${ok ? 'ok' : 'FAILED'}, ${count(points.length, 'reading')} from ${count(recordings.length, 'recording')}`,
    ...recordings.flatMap(({ title, error, points: own }) => [
      ...(error === undefined ? [] : [`  ${title}: ${error}`]),
      ...own.filter((one) => !one.ok).map(wrong),
    ]),
    ...(untested.length === 0 ? [] : [`  without a recording: ${untested.join(', ')}`]),
  ].map(visible);
}

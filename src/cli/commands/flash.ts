import { readFileSync } from 'node:fs';
import { Option } from 'commander';
import { type Disk, inspectDisk } from '../../flash/disk.js';
import { flashError } from '../../flash/errors.js';
import { type IdentityFiles, needMtools, provisionYaml, writeIdentity } from '../../flash/identity.js';
import { type Image, inspectImage } from '../../flash/image.js';
import { openMedium, verifyImage, writeImage } from '../../flash/write.js';
import type { Cli } from '../cli.js';
import type { HpmqCommand } from '../command.js';
import { confirmYes } from '../confirm.js';
import { cliError } from '../errors.js';
import { Bar } from '../progress.js';
import { bytesText, visible } from '../text.js';

interface Flags {
  readonly image: string;
  readonly hostname?: string;
  readonly timezone?: string;
  readonly wifi?: string;
  readonly wifiPasswordFile?: string;
  readonly country?: string;
  readonly sshKey?: string;
  readonly join?: string;
  readonly yes?: boolean;
}

export function define(command: HpmqCommand, cli: Cli): void {
  command
    .argument('<device>', 'whole disk that is overwritten, such as /dev/sdb')
    .addOption(new Option('--image <file>', 'disk image: .img, .img.xz, .img.zst or .img.gz').makeOptionMandatory())
    .addOption(new Option('--hostname <name>', 'name of the machine'))
    .addOption(new Option('--timezone <zone>', 'such as Europe/Berlin'))
    .addOption(
      new Option('--wifi <ssid>', 'wireless network; with --country, and --wifi-password-file unless it is open'),
    )
    .addOption(new Option('--wifi-password-file <file>', 'its password, in the first line'))
    .addOption(new Option('--country <code>', 'where the radio is, such as DE'))
    .addOption(new Option('--ssh-key <file>', 'public keys of those who may log in, such as ~/.ssh/id_ed25519.pub'))
    .addOption(new Option('--join <file>', 'token with which it joins its platform, in the first line'))
    .addOption(new Option('--yes', 'overwrite without a question'))
    .withExamples(
      ['flash /dev/sdb --image hpmq.img.xz --config hpmq.yaml --hostname plant-7', 'a card for plant-7'],
      ['flash /dev/sdb --image hpmq.img.xz --wifi plant --wifi-password-file wifi.txt --country DE', 'with wireless'],
    )
    .action(cli.action((device: string, flags: Flags) => flash(cli, device, flags)));
}

async function flash(cli: Cli, device: string, flags: Flags): Promise<number | undefined> {
  // All that can be wrong is found before the first byte is written.
  const files = await identityOf(cli, flags);
  if (files.size > 0) await needMtools();
  const disk = inspectDisk(device);
  const image = await inspectImage(flags.image);
  if (image.bytes !== undefined && image.bytes > disk.bytes) {
    throw flashError(
      'FLASH_TOO_SMALL',
      `${device} has ${bytesText(disk.bytes)}, the image has ${bytesText(image.bytes)}`,
    );
  }
  await confirmYes(cli, `Overwrite all of ${describe(disk)} with ${visible(flags.image)}?`, flags.yes === true);
  return write(cli, disk, image, files);
}

const describe = ({ path, model, bytes, serial }: Disk): string =>
  visible(`${path} (${model}, ${bytesText(bytes)}${serial === undefined ? '' : `, serial ${serial}`})`);

async function write(cli: Cli, disk: Disk, image: Image, files: IdentityFiles): Promise<number | undefined> {
  const bar = new Bar(cli.output.isInteractive, cli.streams.stderr);
  const signal = cli.stopSignal;
  try {
    await using medium = await openMedium(disk);
    const onProgress = (phase: string, percent: number) => bar.show(phase, percent);
    const options = { image, medium, signal, onProgress };
    const written = await writeImage(options);
    await verifyImage(options, written);
    bar.show('writing the identity', null);
    await writeIdentity(medium, files);
    bar.end();
    const names = [...files.keys()];
    if (cli.output.isJson) cli.output.json({ device: disk.path, ...written, verified: true, identity: names });
    else {
      const identity = names.length === 0 ? 'without an identity' : `with ${names.join(', ')}`;
      cli.output.line(`${disk.path}: ${bytesText(written.bytes)} written and verified, ${identity}`);
    }
    return undefined;
  } catch (error) {
    bar.end();
    if (!signal.aborted) throw error;
    cli.output.note(`stopped: ${disk.path} is not usable until an image was written to it as a whole`);
    return cli.stopCode;
  }
}

/** @throws GatewayError: what is wrong with it */
async function identityOf(cli: Cli, flags: Flags): Promise<IdentityFiles> {
  const files = new Map<string, Buffer>();
  const { config } = cli.globals;
  if (config !== undefined) {
    const [{ loadConfig }, { loadAdapters }] = await Promise.all([
      import('../../config/load.js'),
      import('../../builtin.js'),
    ]);
    loadConfig({ file: config, env: cli.env, cwd: process.cwd(), adapters: await loadAdapters() });
    files.set('hpmq.yaml', read(config));
  }
  if (flags.wifi !== undefined && flags.country === undefined) {
    throw cliError('CLI_USAGE', 'a wireless network needs to know the country', { hint: 'add --country DE, or yours' });
  }
  const provision = provisionYaml({
    hostname: flags.hostname,
    timezone: flags.timezone,
    wifi:
      flags.wifi === undefined
        ? undefined
        : { ssid: flags.wifi, password: firstLine(flags.wifiPasswordFile), country: flags.country! },
    joinToken: firstLine(flags.join),
  });
  if (flags.hostname !== undefined && !/^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/.test(flags.hostname)) {
    throw flashError('FLASH_BAD_IDENTITY', `"${flags.hostname}" cannot be a host name`, {
      hint: 'use 1 to 63 of A-Z a-z 0-9 -, with - neither first nor last',
    });
  }
  if (provision !== undefined) files.set('provision.yaml', provision);
  if (flags.sshKey !== undefined) {
    const keys = read(flags.sshKey);
    if (/PRIVATE KEY/.test(keys.toString('latin1'))) {
      throw flashError('FLASH_BAD_IDENTITY', `${flags.sshKey} is a private key`, {
        hint: 'name the public one, *.pub',
      });
    }
    files.set('authorized_keys', keys);
  }
  return files;
}

function firstLine(file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  const line = read(file).toString('utf8').split(/\r?\n/)[0] ?? '';
  if (line === '') throw flashError('FLASH_BAD_IDENTITY', `the first line of ${file} is empty`);
  return line;
}

function read(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw flashError('FLASH_BAD_IDENTITY', `${file} cannot be read (${(cause as NodeJS.ErrnoException).code})`, {
      cause,
    });
  }
}

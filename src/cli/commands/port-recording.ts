/** The flight recorder of a port: what its wire carried, into files, into Wireshark, and back onto a wire. */

import { once } from 'node:events';
import { createWriteStream, existsSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseDuration } from '../../core/duration.js';
import type { RecordingView } from '../../core/views.js';
import type { Cli } from '../cli.js';
import type { HpmqCommand } from '../command.js';
import { cliError } from '../errors.js';
import { captureHead, captureMessage } from '../pcapng.js';
import { lineEndpoint, playOnLine, playOverTcp } from '../playing.js';
import { headLine, Messages, pairs, partLine, type RecordedPort, readRecording } from '../recording-file.js';
import { visible } from '../text.js';

/** Between two looks at a running gateway, ms. */
const LOOK_MS = 250;
const PAGE = 1_000;
const MICROSECONDS = 6;

interface ReplayOptions {
  readonly listen: string;
  readonly serial?: string;
  readonly format?: string;
}

export function defineRecording(command: HpmqCommand, cli: Cli): void {
  command
    .verb('record <port>')
    .description('Writes what the wire of a port carries, and carried lately, to a file, until Ctrl-C or --for')
    .option('-o, --output <file>', 'file; - is stdout', '-')
    .option('--for <duration>', 'end after this time; 0s: only what is there already')
    .withExamples(
      ['port record line-a --for 0s -o line-a.rec', 'what happened in the last minutes'],
      ['port record line-a -o line-a.rec', 'that, and what comes, until Ctrl-C'],
    )
    .action(cli.action((port: string, options: { output: string; for?: string }) => record(cli, port, options)));
  command
    .verb('export <source>')
    .description('Makes a capture file for Wireshark (pcapng) of a port of the running gateway, or of a recording')
    .requiredOption('-o, --output <file>', 'the .pcapng file')
    .withExamples(
      ['port export line-a -o line-a.pcapng', 'what happened in the last minutes'],
      ['port export line-a.rec -o line-a.pcapng', 'a recording'],
    )
    .action(cli.action((source: string, { output }: { output: string }) => exportCapture(cli, source, output)));
  command
    .verb('sniff <source>')
    .description('Shows the messages on a wire as they come, also those between others on a passive port')
    .withExamples(
      ['port sniff line-a', 'of the running gateway, until Ctrl-C'],
      ['port sniff line-a.rec', 'of a recording'],
    )
    .action(cli.action((source: string) => sniff(cli, source)));
  command
    .verb('replay <file>')
    .description('Plays a recording as a simulated device: it answers what was asked, as it was answered')
    .option('--listen <host:port>', 'over TCP; port 0 is any', '127.0.0.1:0')
    .option('--serial <path>', 'on a serial line instead, or one end of a pair of pseudo-terminals')
    .option('--format <format>', 'of that line: "19200 8E1". Default: as it was recorded, else 9600 8N1')
    .withExamples(
      ['port replay line-a.rec --listen 127.0.0.1:5020', 'the devices of a bug report, without them'],
      ['port replay line-a.rec --serial /dev/ttyUSB1', 'the same on a line'],
    )
    .action(cli.action((file: string, options: ReplayOptions) => replay(cli, file, options)));
}

/** What the running gateway has, page by page; `follow`: and what comes. */
async function* pages(cli: Cli, port: string, follow: () => boolean): AsyncGenerator<RecordingView> {
  const stop = cli.stopSignal;
  for (let after = 0; ; ) {
    const query = { after: String(after), limit: String(PAGE) };
    const view = await cli.request('GET /v1/ports/{port}/recording', { params: { port }, query });
    yield view;
    after = view.next;
    if (view.frames.length === PAGE) continue;
    if (!follow() || stop.aborted) return;
    await sleep(LOOK_MS, undefined, { signal: stop }).catch(() => {});
    if (stop.aborted) return;
  }
}

async function record(cli: Cli, port: string, options: { output: string; for?: string }): Promise<number | undefined> {
  const duration = options.for === undefined ? Number.POSITIVE_INFINITY : parseDuration(options.for);
  if (duration === undefined)
    throw cliError('CLI_USAGE', `"${options.for}" is not a duration`, { hint: 'write 10s or 5m' });
  const until = Date.now() + duration;
  const stream = options.output === '-' ? cli.streams.stdout : createWriteStream(options.output);
  const failed = new Promise<never>((_, reject) => stream.once('error', reject));
  failed.catch(() => {});
  const write = async (line: string) => {
    if (!stream.write(`${line}\n`)) await Promise.race([once(stream, 'drain'), failed]);
  };
  let count = 0;
  let hasHead = false;
  for await (const view of pages(cli, port, () => Date.now() < until)) {
    if (!hasHead) await write(headLine(view));
    hasHead = true;
    for (const frame of view.frames) await write(partLine(frame));
    count += view.frames.length;
  }
  if (options.output !== '-') {
    stream.end();
    await Promise.race([once(stream, 'close'), failed]);
  }
  cli.output.note(`${count} chunks of port ${port}`);
  return cli.stopSignal.aborted ? cli.stopCode : undefined;
}

/** A file, or a port of the running gateway. */
async function load(cli: Cli, source: string): Promise<RecordedPort> {
  if (existsSync(source)) return readRecording(source);
  let head: RecordingView | undefined;
  const parts: RecordedPort['parts'][number][] = [];
  for await (const view of pages(cli, source, () => false)) {
    head = view;
    parts.push(...view.frames.map(({ at, sent, hex }) => ({ at, sent, bytes: Buffer.from(hex, 'hex') })));
  }
  const { port = source, adapter = '', endpoint = '', framing = 'raw' } = head ?? {};
  return { port, adapter, endpoint, framing, parts };
}

async function messagesOf({ adapter, framing }: Pick<RecordedPort, 'adapter' | 'framing'>): Promise<Messages> {
  const { loadAdapters } = await import('../../builtin.js');
  const [found] = await loadAdapters(new Set([adapter]));
  return new Messages(found?.wire, framing);
}

async function exportCapture(cli: Cli, source: string, output: string): Promise<undefined> {
  const recorded = await load(cli, source);
  const messages = await messagesOf(recorded);
  const { version } = await import('../../version.js');
  const blocks = [captureHead(`${recorded.port} ${recorded.endpoint}`, `hpmq ${version}`)];
  for (const part of recorded.parts) {
    for (const { at, from, bytes, text } of messages.push(part)) {
      const message = { at, isQuestion: from === 'master', bytes, comment: text };
      blocks.push(captureMessage(message, messages.protocol, messages.port));
    }
  }
  try {
    writeFileSync(output, Buffer.concat(blocks));
  } catch (cause) {
    throw cliError('CLI_RECORDING', `cannot write ${output}`, { cause });
  }
  cli.output.note(`${blocks.length - 1} messages in ${output}; open it with Wireshark, or tshark -r ${output}`);
  return undefined;
}

async function sniff(cli: Cli, source: string): Promise<number | undefined> {
  const show = (messages: Messages, part: RecordedPort['parts'][number]) => {
    for (const { at, from, bytes, text } of messages.push(part)) {
      if (cli.output.isJson) cli.output.json({ at, from, text, hex: bytes.toString('hex') });
      else cli.output.line(`${timeText(at)} ${from === 'master' ? '→' : '←'} ${visible(text)}`);
    }
  };
  if (existsSync(source)) {
    const recorded = readRecording(source);
    const messages = await messagesOf(recorded);
    for (const part of recorded.parts) show(messages, part);
    return undefined;
  }
  let messages: Messages | undefined;
  for await (const view of pages(cli, source, () => true)) {
    messages ??= await messagesOf(view);
    for (const { at, sent, hex } of view.frames) show(messages, { at, sent, bytes: Buffer.from(hex, 'hex') });
  }
  return cli.stopCode;
}

/** `14:03:22.123456` */
function timeText(at: number): string {
  const date = new Date(at / 1_000);
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds()].map((one) => String(one).padStart(2, '0'));
  return `${clock.join(':')}.${String(Math.floor(at % 1_000_000)).padStart(MICROSECONDS, '0')}`;
}

async function replay(cli: Cli, file: string, options: ReplayOptions): Promise<number | undefined> {
  const recorded = readRecording(file);
  const { loadAdapters } = await import('../../builtin.js');
  const [adapter] = await loadAdapters(new Set([recorded.adapter]));
  if (adapter?.replay === undefined)
    throw cliError('CLI_RECORDING', `recordings of ${recorded.adapter} cannot be played`);
  const play = adapter.replay;
  const messages = new Messages(adapter.wire, recorded.framing);
  const exchanges = pairs(recorded.parts.flatMap((part) => messages.push(part)));
  const devices = Map.groupBy(exchanges, (exchange) => {
    try {
      const { wire, device } = play({ framing: recorded.framing, exchanges: [exchange] });
      wire.destroy();
      return JSON.stringify(device);
    } catch {
      // A question that is no read: nothing can be said about its answer another time.
      return '';
    }
  });
  devices.delete('');
  if (devices.size === 0) throw cliError('CLI_RECORDING', `${file} has no question that can be answered again`);
  // Each device hears every question, and answers its own.
  const wires = () => [...devices.values()].map((own) => play({ framing: recorded.framing, exchanges: own }).wire);
  const who = devices.size === 1 ? 'one device' : `${devices.size} devices`;
  const tell = (where: string) =>
    cli.output.line(`${who} of port ${recorded.port} answer at ${where} (framing ${recorded.framing})`);
  const stop = cli.stopSignal;
  if (options.serial === undefined) await playOverTcp(wires, options.listen, tell, stop);
  else await playOnLine(wires, lineEndpoint(options.serial, options.format, recorded.endpoint), tell, stop);
  return cli.stopCode;
}

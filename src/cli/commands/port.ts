import type { PortView } from '../../api/contract.js';
import { durationText, percentText } from '../../core/plan-text.js';
import type { Cli } from '../cli.js';
import { ageText, portColumns } from '../columns.js';
import type { HpmqCommand } from '../command.js';
import { unknown } from '../names.js';
import { count, visible } from '../text.js';
import { defineRecording } from './port-recording.js';

export function define(command: HpmqCommand, cli: Cli): void {
  command.withExamples(
    ['port list', 'all wires, and how busy they are'],
    ['port show line-a', 'one wire with its counters'],
    ['port sniff line-a', 'the messages on it, as they come'],
    ['port export line-a -o line-a.pcapng', 'the last minutes for Wireshark'],
  );
  command
    .verb('list')
    .description('Lists the wires and how busy they are')
    .withExamples(['port list', 'all wires'], ['port list --json', 'for programs'])
    .action(
      cli.action(async () => {
        const { items } = await cli.request('GET /v1/ports');
        await cli.output.list(portColumns(Date.now()), items, 'there are no ports in the configuration');
        return undefined;
      }),
    );
  command
    .verb('show <port>')
    .description('Shows one wire: state, counters, load')
    .withExamples(['port show line-a', 'requests, time-outs, checksum errors, exceptions, load'])
    .action(
      cli.action(async (name: string) => {
        const { items } = await cli.request('GET /v1/ports');
        const port = items.find((one) => one.name === name);
        if (port === undefined) {
          const names = items.map((one) => one.name);
          throw await unknown('CLI_UNKNOWN_PORT', `there is no port "${name}"`, name, names);
        }
        if (cli.output.isJson) cli.output.json(port);
        else for (const line of portLines(port, Date.now())) cli.output.line(line);
        return undefined;
      }),
    );
  defineRecording(command, cli);
}

export function exchangeLines({ p50, p95, p99 }: PortView['exchangeMs'], row: Row): readonly string[] {
  if (p50 === null) return [];
  const text = `${durationText(p50)} (p50), ${durationText(p95 ?? p50)} (p95), ${durationText(p99 ?? p50)} (p99)`;
  return [row('exchange', text)];
}

function portLines(port: PortView, now: number): readonly string[] {
  const row = (title: string, text: string) => `${title.padEnd(10)} ${visible(text)}`;
  return [
    row('port', port.name),
    row('wire', port.endpoint),
    row('state', `${port.state} for ${ageText(port.since, now)}`),
    row('opened', port.opens === 1 ? 'once' : `${port.opens} times`),
    row('devices', port.devices.length === 0 ? 'none' : port.devices.join(', ')),
    ...countLines(port, row),
    ...exchangeLines(port.exchangeMs, row),
    row(
      'load',
      `busy ${percentText(port.busyShare)} of the last minute; asked for ${percentText(port.load)}, ${durationText(port.cycleMs)} for one round`,
    ),
    ...(port.error === undefined
      ? []
      : [row('problem', `${port.error.message} (${port.error.code})`), row('hint', port.error.hint)]),
  ];
}

/** Title and text of a line. */
type Row = (title: string, text: string) => string;

/** What devices and ports count alike. */
export function countLines(
  one: Pick<PortView, 'requests' | 'timeouts' | 'errors' | 'crcErrors' | 'exceptions' | 'overruns'>,
  row: Row,
): readonly string[] {
  const exceptions = Object.entries(one.exceptions).map(([code, times]) => `${times} × ${code}`);
  return [
    row(
      'requests',
      `${one.requests}, ${one.timeouts} without answer, ${count(one.errors, 'error')}, ${count(one.overruns, 'read')} skipped`,
    ),
    ...(one.crcErrors === 0 ? [] : [row('checksums', `${one.crcErrors} answers with a wrong one`)]),
    ...(exceptions.length === 0 ? [] : [row('exceptions', exceptions.join(', '))]),
  ];
}

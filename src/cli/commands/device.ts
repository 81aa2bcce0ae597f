import type { DeviceView } from '../../api/contract.js';
import { needText, summaryText } from '../../core/plan-text.js';
import type { Cli } from '../cli.js';
import { ageText, deviceColumns, pointColumns } from '../columns.js';
import type { HpmqCommand } from '../command.js';
import { resolveDevice } from '../names.js';
import { count, visible } from '../text.js';
import { defineDiscover } from './discover.js';
import { showPlan } from './plan.js';
import { countLines, exchangeLines } from './port.js';

/** Devices need longer than the gateway itself, ms. */
const DEVICE_TIMEOUT = 10_000;

export function define(command: HpmqCommand, cli: Cli): void {
  command.withExamples(
    ['device list', 'all devices and their state'],
    ['device show boiler', 'one device with its points'],
    ['device identify boiler', 'what it says it is'],
    ['device discover', 'CoAP devices in this network'],
    ['device plan', 'how devices are read, and whether that is possible'],
  );
  command
    .verb('list')
    .description('Lists devices and their state')
    .withExamples(['device list', 'all devices'], ['device list --json', 'for programs'])
    .action(
      cli.action(async () => {
        const { items } = await cli.request('GET /v1/devices');
        await cli.output.list(deviceColumns(Date.now()), items, 'there are no devices in the configuration');
        return undefined;
      }),
    );
  definePlan(command, cli);
  defineDiscover(command, cli);
  command
    .verb('show <device>')
    .description('Shows one device and its points')
    .withExamples(['device show boiler', 'state, counters, last error and points'])
    .action(
      cli.action(async (name: string) => {
        const device = await resolveDevice(cli, name);
        const { items } = await cli.request('GET /v1/points', { query: { device: name } });
        if (cli.output.isJson) {
          cli.output.json({ ...device, items });
          return undefined;
        }
        for (const line of deviceLines(device, Date.now())) cli.output.line(line);
        cli.output.line('');
        await cli.output.list(pointColumns(Date.now()), items, 'this device has no points');
        return undefined;
      }),
    );
  command
    .verb('identify <device>')
    .description('Asks a device what it is')
    .withExamples(['device identify boiler', 'vendor, product and revision, as the device says them'])
    .action(
      cli.action(async (name: string) => {
        const device = await resolveDevice(cli, name);
        const params = { device: device.name };
        const timeoutMs = cli.timeoutMs(DEVICE_TIMEOUT);
        const identity = await cli.request('POST /v1/devices/{device}/identify', { params }, timeoutMs);
        if (cli.output.isJson) {
          cli.output.json(identity);
          return undefined;
        }
        const fields = Object.entries(identity.fields);
        const width = Math.max(...fields.map(([title]) => title.length), 0);
        for (const [title, text] of fields) cli.output.line(`${title.padEnd(width)}  ${visible(text)}`);
        if (fields.length === 0) cli.output.line(`${device.name} answers, but says nothing of itself`);
        cli.output.note(`from ${identity.source}`);
        return undefined;
      }),
    );
}

function definePlan(command: HpmqCommand, cli: Cli): void {
  command
    .verb('plan [device]')
    .description(
      'Shows how devices are read, the predicted time and load; exit code 1 when more is asked than is possible',
    )
    .withExamples(
      ['device plan', 'all devices of the running gateway, with measured latencies'],
      ['device plan boiler', 'every request of one device'],
      ['device plan --config new.yaml', 'a configuration before it runs'],
    )
    .action(cli.action((device: string | undefined) => showPlan(cli, device)));
}

function deviceLines(device: DeviceView, now: number): readonly string[] {
  const { exchangeMs, error } = device;
  const row = (title: string, text: string) => `${title.padEnd(10)} ${visible(text)}`;
  return [
    row('device', `${device.name} (${device.adapter})`),
    row('wire', `${device.endpoint}, ${device.address}, port ${device.port}`),
    row('state', `${device.state} for ${ageText(device.since, now)}`),
    ...countLines(device, row),
    ...exchangeLines(exchangeMs, row),
    row('plan', summaryText(device.plan)),
    ...(device.plan.absent === 0
      ? []
      : [row('absent', `${count(device.plan.absent, 'point')} that the device does not have`)]),
    ...device.plan.tooFast.map((group) => row('too fast', needText(group))),
    ...(device.nextTryAt === undefined ? [] : [row('next try', `in ${ageText(2 * now - device.nextTryAt, now)}`)]),
    ...(error === undefined ? [] : [row('problem', `${error.message} (${error.code})`), row('hint', error.hint)]),
  ];
}

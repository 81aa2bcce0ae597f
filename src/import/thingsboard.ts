/** ThingsBoard IoT Gateway: the Modbus connector, `master.slaves` with attributes, timeseries, attributeUpdates and rpc. */
import { Draft, type DraftDevice, type DraftPoint } from './draft.js';
import type { Tree } from './tree.js';
import { addressOf, FUNCTION_TABLES, milliseconds, orderOf, PARITIES, scaleOf, WRITE_TABLES } from './words.js';

const TYPES: Readonly<Record<string, string>> = {
  '8int': 'int8L',
  '8uint': 'uint8L',
  '16int': 'int16',
  '16uint': 'uint16',
  '16float': 'float16',
  '32int': 'int32',
  '32uint': 'uint32',
  '32float': 'float32',
  '64int': 'int64',
  '64uint': 'uint64',
  '64float': 'float64',
};

/** Types of older versions carry no width: it follows from the number of registers. */
const OLD: Readonly<Record<string, string>> = { int: 'int', long: 'int', float: 'float', double: 'float' };

export function importThingsBoard(root: Tree): Draft {
  const draft = new Draft();
  const slaves = root.has('master') ? root.list('master', 'slaves') : root.list('server', 'devices');
  for (const slave of slaves) importSlave(draft, slave, root.get('server'));
  const server = root.get('slave');
  if (server !== undefined) {
    draft.tell('ignored', server.line, 'slave', 'the gateway as a server for other masters is not converted');
    server.skip();
  }
  draft.ignore(root.unread());
  return draft;
}

function portOf(draft: Draft, slave: Tree, common: Tree | undefined): string {
  const say = (key: string) => slave.text(key) ?? common?.text(key);
  const type = say('type') ?? 'tcp';
  const seconds = slave.number('timeout') ?? common?.number('timeout');
  const timeout = milliseconds(seconds === undefined ? undefined : seconds * 1_000);
  const method = say('method') ?? say('framer');
  const framing = method === 'rtu' || method === 'ascii' ? method : undefined;
  const more = { ...(timeout !== undefined && { timeout }) };
  if (type !== 'serial') {
    const host = say('host') ?? 'localhost';
    const settings = { type, host, port: Number(say('port') ?? 502), ...more };
    return draft.port(host, framing === undefined ? settings : { ...settings, framing });
  }
  const path = say('port') ?? '';
  const baudRate = Number(say('baudrate') ?? 19_200);
  const parity = PARITIES[(say('parity') ?? '').toLowerCase()];
  if (say('baudrate') === undefined) draft.tell('assumed', slave.line, path, 'no baudrate: 19200');
  if (parity === undefined) draft.tell('assumed', slave.line, path, 'no parity: none');
  const dataBits = slave.number('bytesize');
  const stopBits = slave.number('stopbits');
  return draft.port(path.split('/').at(-1) ?? 'serial', {
    type: 'serial',
    path,
    baudRate,
    parity: parity ?? 'none',
    ...(dataBits !== undefined && { dataBits }),
    ...(stopBits !== undefined && { stopBits }),
    ...more,
    ...(framing === 'ascii' && { framing }),
  });
}

function importSlave(draft: Draft, slave: Tree, common: Tree | undefined): void {
  const name = slave.text('deviceName') ?? 'device';
  const port = portOf(draft, slave, common);
  const unit = slave.number('unitId') ?? 1;
  const every = milliseconds(slave.number('pollPeriod'));
  if (every === undefined) draft.tell('assumed', slave.line, name, 'no pollPeriod: every 5s');
  const order = deviceOrder(draft, slave, name);
  const device = draft.device(slave.line, name, { adapter: 'modbus', port, unit, every: every ?? '5s' });
  for (const section of ['attributes', 'timeseries']) {
    for (const entry of slave.list(section))
      draft.entry(entry, tagOf(entry), () => importRead(draft, device, entry, order));
  }
  for (const section of ['attributeUpdates', 'rpc']) {
    for (const entry of slave.list(section))
      draft.entry(entry, tagOf(entry), () => importWrite(device, entry, section));
  }
}

/** pymodbus' orders: of the bytes in a register, and of the registers. */
function deviceOrder(draft: Draft, slave: Tree, name: string): string {
  const bytes = slave.text('byteOrder')?.toUpperCase();
  const words = slave.text('wordOrder')?.toUpperCase();
  if (bytes === undefined) draft.tell('assumed', slave.line, name, 'no byteOrder: LITTLE, the default of that gateway');
  if (words === undefined) draft.tell('assumed', slave.line, name, 'no wordOrder: LITTLE, the default of that gateway');
  return letters(bytes ?? 'LITTLE', words ?? 'LITTLE');
}

function letters(bytes: string, words: string): string {
  if (bytes === 'BIG') return words === 'BIG' ? 'ABCD' : 'CDAB';
  return words === 'BIG' ? 'BADC' : 'DCBA';
}

function tagOf(entry: Tree): string {
  return entry.text('tag') ?? entry.text('tagName') ?? '';
}

/** @returns why there is no point */
function importRead(draft: Draft, device: DraftDevice, entry: Tree, order: string): string | undefined {
  const tag = tagOf(entry);
  const table = FUNCTION_TABLES[entry.number('functionCode') ?? 0];
  if (table === undefined) return `functionCode ${entry.text('functionCode') ?? 'is missing'}: not a read`;
  const address = addressOf(table, entry.number('address') ?? Number.NaN);
  if (address === undefined) return 'has no address';
  const count = entry.number('objectsCount') ?? 1;
  const word = entry.text('type') ?? '';
  if (table === 'coil' || table === 'discrete') {
    if (count > 1) return `${count} bits in one value: make a point of each`;
    entry.get('bitTargetType');
    draft.point(device, entry.line, tag, { address });
    return undefined;
  }
  if (word === 'bits' || word === 'bit') return 'bits of a register: name the one you want with `bit`';
  const type = word in OLD ? widthOf(OLD[word]!, count) : TYPES[word];
  const text = word === 'string' ? { type: 'string', length: 2 * count } : undefined;
  if (type === undefined && text === undefined) return `type ${word === '' ? 'is missing' : word} has no counterpart`;
  const ordered = type === undefined ? {} : orderOf(order, type);
  if (ordered === undefined) return `bytes of ${word} are exchanged in the register (byteOrder LITTLE)`;
  const scale = scaleOf(entry.number('multiplier') ?? 1, entry.number('divider') ?? 1);
  draft.point(device, entry.line, tag, {
    address,
    ...(text ?? { type }),
    ...ordered,
    scale,
    ...reporting(draft, entry, tag),
  });
  return undefined;
}

function widthOf(kind: string, registers: number): string | undefined {
  return registers === 1 || registers === 2 || registers === 4 ? `${kind}${16 * registers}` : undefined;
}

function reporting(draft: Draft, entry: Tree, tag: string) {
  const strategy = entry.get('reportStrategy');
  if (strategy === undefined) return {};
  const type = strategy.text('type');
  strategy.skip();
  if (type === 'ON_CHANGE') return {};
  draft.tell('assumed', entry.line, tag, `reportStrategy ${type}: reported on change, and at least once a minute`);
  return {};
}

/** A write of a point that is read anyway. @returns why there is none */
function importWrite(device: DraftDevice, entry: Tree, section: string): string | undefined {
  const code = entry.number('functionCode') ?? 0;
  const table = WRITE_TABLES[code];
  const address = table && addressOf(table, entry.number('address') ?? Number.NaN);
  if (table === undefined) return `${section} that reads (functionCode ${code}): the point is there all the time`;
  const point = pointAt(device, address);
  if (point === undefined) return `writes ${address ?? 'nothing'}, which no attribute or timeseries reads`;
  entry.skip();
  point.settings.write = true;
  point.merged.push({ line: entry.line, entry: tagOf(entry) });
  return undefined;
}

function pointAt(device: DraftDevice, address: string | undefined): DraftPoint | undefined {
  return [...device.points.values()].find((point) => point.settings.address === address);
}

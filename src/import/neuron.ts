/** EMQX Neuron: tags as CSV (group, name, address, attribute, type …) and nodes with groups as JSON. */
import { Draft, type DraftDevice } from './draft.js';
import type { Tree } from './tree.js';
import { addressOf, bytesOf, milliseconds, orderOf, type Table } from './words.js';

const TYPES: readonly (string | undefined)[] = [
  undefined,
  'int8L',
  'uint8L',
  'int16',
  'uint16',
  'int32',
  'uint32',
  'int64',
  'uint64',
  'float32',
  'float64',
  'bit',
  'bool',
  'string',
  'bytes',
];
const NAMES: Readonly<Record<string, number>> = {
  INT8: 1,
  UINT8: 2,
  INT16: 3,
  UINT16: 4,
  INT32: 5,
  UINT32: 6,
  INT64: 7,
  UINT64: 8,
  FLOAT: 9,
  DOUBLE: 10,
  BIT: 11,
  BOOL: 12,
  STRING: 13,
  BYTES: 14,
  WORD: 4,
  DWORD: 6,
  LWORD: 8,
};
const READ = 1;
const WRITE = 2;
const SUBSCRIBE = 4;

/** `endianess` of a node. */
const NODE_ORDERS: Readonly<Record<number, string>> = { 1: 'ABCD', 2: 'BADC', 3: 'DCBA', 4: 'CDAB' };
/** `#…` of an address, as that driver reads it: L is what Modbus calls big-endian. */
const TAG_ORDERS: Readonly<Record<string, string>> = {
  LL: 'ABCD',
  LB: 'BADC',
  BB: 'DCBA',
  BL: 'CDAB',
  L: 'AB',
  B: 'BA',
};
/** How texts lie in registers; H, the high byte first, is the usual. D and E have one byte in each. */
const PACKINGS: Readonly<Record<string, string>> = { L: 'low-first', D: 'low-byte', E: 'high-byte' };
const BAUD_RATES = [115_200, 57_600, 38_400, 19_200, 9_600, 4_800, 2_400, 1_800, 1_200, 600];
const PARITY = ['none', 'odd', 'even', 'mark', 'space'];

const SLAVE_ADDRESS = /^(\d+)!(\d{6})(?:\.(\d+)([HLDE]?))?(?:#(LL|LB|BB|BL|L|B))?(?:\.(\d+)([HLDE]?))?$/;
const AREAS: Readonly<Record<string, Table>> = { 0: 'coil', 1: 'discrete', 3: 'input', 4: 'holding' };

interface Node {
  readonly draft: Draft;
  readonly name: string;
  readonly port: string;
  /** From where addresses of the node count. */
  readonly base: number;
  readonly order: string;
}

/** The tags of a node, without the node itself: the port is for the reader to fill in. */
export function importNeuronCsv(rows: Tree): Draft {
  const draft = new Draft();
  const port = draft.port('plc', { type: 'tcp', host: '192.0.2.1', port: 502 });
  draft.tell('assumed', 1, 'port', 'the table does not say where the device is: 192.0.2.1:502, to be replaced');
  draft.tell('assumed', 1, 'address', 'addresses count from 1, 32 bits are ABCD: the defaults of a node');
  draft.tell('assumed', 1, 'interval', 'the table does not say how often groups are read: every 1s');
  const node: Node = { draft, name: 'neuron', port, base: 1, order: 'ABCD' };
  for (const row of rows.list()) tagEntry(node, row, row.text('group'), undefined);
  draft.ignore(rows.unread());
  return draft;
}

export function importNeuronJson(root: Tree): Draft {
  const draft = new Draft();
  const nodes = root.has('nodes') ? root.list('nodes') : [root];
  for (const node of nodes) importNode(draft, root, node);
  // What is left belongs to other plugins, or to the product itself.
  draft.ignore(root.unread());
  return draft;
}

function importNode(draft: Draft, root: Tree, node: Tree): void {
  const name = node.text('name') ?? 'neuron';
  const plugin = node.text('plugin') ?? node.text('plugin_name') ?? '';
  // Exported apart, node, groups, tags and settings name one another.
  const own = <T extends Tree>(list: readonly T[], key: string) => list.filter((one) => one.text(key) === name);
  const groups = node.has('groups') ? node.list('groups') : own(root.list('groups'), 'driver');
  const tagsOf = (group: string | undefined, tree: Tree): readonly Tree[] =>
    tree.has('tags')
      ? tree.list('tags')
      : own(root.list('tags'), 'driver')
          .filter((one) => one.text('group') === group)
          .flatMap((one) => one.list('tags'));
  const isModbus = /modbus/i.test(plugin);
  if (!isModbus) {
    draft.tell('ignored', node.line, name, `plugin ${plugin} is not Modbus`);
    for (const group of groups) {
      for (const tag of tagsOf(group.text('group') ?? group.text('name'), group)) {
        draft.entries++;
        draft.refuse(tag.line, tag.text('name') ?? '', `belongs to ${name}, whose plugin is ${plugin}`);
      }
    }
    node.skip();
    return;
  }
  const params = node.get('params') ?? own(root.list('settings'), 'node')[0]?.get('params');
  const base = params?.number('address_base') ?? 1;
  const endian = params?.number('endianess');
  if (endian === undefined) draft.tell('assumed', node.line, name, 'no endianess: ABCD');
  const wide = params?.number('endianess_64');
  if (wide !== undefined && wide !== 1) {
    draft.tell('assumed', node.line, name, `endianess_64 ${wide}: 64 bits are read as 12345678, compare a value`);
  }
  const port = portOf(draft, params, node, name);
  const context: Node = { draft, name, port, base, order: NODE_ORDERS[endian ?? 1] ?? 'ABCD' };
  for (const group of groups) {
    const groupName = group.text('group') ?? group.text('name');
    const interval = milliseconds(group.number('interval'));
    if (interval === undefined) draft.tell('assumed', group.line, groupName ?? '', 'no interval: every 1s');
    for (const tag of tagsOf(groupName, group)) tagEntry(context, tag, groupName, interval);
  }
}

function portOf(draft: Draft, params: Tree | undefined, node: Tree, name: string): string {
  const timeout = milliseconds(params?.number('timeout'));
  const pause = milliseconds(params?.number('interval'));
  const more = { ...(timeout !== undefined && { timeout }), ...(pause !== undefined && { pause }) };
  params?.get('link');
  const isRtu = /rtu/i.test(node.text('plugin') ?? '');
  if (params?.number('connection_mode') === 1) {
    draft.tell('ignored', node.line, name, 'connection_mode server: devices that dial in are not converted');
  }
  if (isRtu && (params?.has('device') === true || params?.number('link') === 0)) {
    const path = params?.text('device') ?? '';
    const baud = params?.number('baud');
    const dataBits = params?.number('data');
    const stop = params?.number('stop');
    return draft.port(path.split('/').at(-1) ?? 'serial', {
      type: 'serial',
      path,
      baudRate: BAUD_RATES[baud ?? 4] ?? 9_600,
      parity: PARITY[params?.number('parity') ?? 0] ?? 'none',
      ...(dataBits !== undefined && { dataBits: 5 + dataBits }),
      ...(stop !== undefined && { stopBits: stop + 1 }),
      ...more,
    });
  }
  const host = params?.text('host');
  if (host === undefined) {
    draft.tell('assumed', node.line, name, 'it does not say where the device is: 192.0.2.1, to be replaced');
  }
  const settings = { type: 'tcp', host: host ?? '192.0.2.1', port: params?.number('port') ?? 502, ...more };
  return draft.port(host ?? name, isRtu ? { ...settings, framing: 'rtu' } : settings);
}

function typeOf(tag: Tree): string | undefined {
  const text = tag.text('type') ?? '';
  const number = tag.number('type') ?? NAMES[text.toUpperCase()];
  return number === undefined ? undefined : TYPES[number];
}

function isWritable(tag: Tree): boolean {
  const number = tag.number('attribute');
  return number === undefined ? /write/i.test(tag.text('attribute') ?? '') : (number & WRITE) !== 0;
}

function isReadable(tag: Tree): boolean {
  const number = tag.number('attribute');
  if (number !== undefined) return (number & (READ | SUBSCRIBE)) !== 0;
  const text = tag.text('attribute');
  return text === undefined || /read|subscribe/i.test(text);
}

function tagEntry(node: Node, tag: Tree, group: string | undefined, every: string | undefined): void {
  node.draft.entry(tag, tag.text('name') ?? '', () => importTag(node, tag, group, every));
}

/** @returns why there is no point */
function importTag(node: Node, tag: Tree, group: string | undefined, every: string | undefined): string | undefined {
  const { draft } = node;
  const address = SLAVE_ADDRESS.exec(tag.text('address') ?? '');
  if (address === null) return `address ${tag.text('address') ?? ''} is no SLAVE!ADDRESS of Modbus`;
  if (!isReadable(tag)) return 'can only be written: points are read, too';
  const [, slave, digits = '', dot, dotKind = '', suffix, tail, tailKind = ''] = address;
  const table = AREAS[digits[0]!];
  const type = typeOf(tag);
  if (table === undefined) return `address ${digits} is in no area of Modbus`;
  if (type === undefined) return `type ${tag.text('type') ?? 'is missing'} has no counterpart`;
  const ours = addressOf(table, Number(digits.slice(1)) - node.base);
  if (ours === undefined) return `address ${digits} is before the first one`;
  const settings = shapeOf(table, type, {
    order: suffixOrder(suffix) ?? (bytesOf(type) === 4 ? node.order : 'ABCD'),
    dot,
    kind: dotKind + tailKind,
    tail,
  });
  if (typeof settings === 'string') return settings;
  const decimal = tag.number('decimal');
  const precision = tag.number('precision');
  const bias = tag.number('bias');
  const isFloat = type === 'float32' || type === 'float64';
  draft.point(deviceOf(node, Number(slave), tag.line), tag.line, tag.text('name') ?? '', {
    address: ours,
    ...settings,
    scale: decimal === undefined || decimal === 0 || decimal === 1 ? undefined : decimal,
    offset: bias === 0 ? undefined : bias,
    decimals: isFloat && precision !== undefined && precision > 0 ? Math.min(15, precision) : undefined,
    unit: tag.text('unit'),
    every,
    write: isWritable(tag) ? true : undefined,
    description: tag.text('description') ?? (group === undefined ? undefined : `group ${group}`),
  });
  return undefined;
}

function suffixOrder(suffix: string | undefined): string | undefined {
  return suffix === undefined ? undefined : TAG_ORDERS[suffix];
}

interface Shape {
  readonly order: string;
  readonly dot: string | undefined;
  /** H, L, D or E of a text. */
  readonly kind: string;
  readonly tail: string | undefined;
}

/** @returns settings of the point, or why there are none */
function shapeOf(table: Table, type: string, { order, dot, kind, tail }: Shape) {
  if (table === 'coil' || table === 'discrete') return {};
  if (type === 'bit' || type === 'bool') {
    const bit = Number(dot ?? (type === 'bit' ? Number.NaN : 0));
    if (type === 'bool' && dot === undefined) return { type: 'bool' };
    return Number.isInteger(bit) && bit <= 15 ? { bit } : 'a bit of a register names one from 0 to 15 (400001.3)';
  }
  if (type === 'string' || type === 'bytes') {
    const bytes = Number(dot ?? tail ?? 0);
    if (!(bytes > 0)) return 'a text says its length (400001.10)';
    const packing = PACKINGS[kind];
    return { type, length: bytes, ...(packing !== undefined && { packing }) };
  }
  // The order of a node is that of 32 bits; a single register has one only where the tag says so.
  const ordered = orderOf(order, type);
  return ordered === undefined ? `the order ${order} of ${type} has no counterpart` : { type, ...ordered };
}

function deviceOf({ draft, name, port }: Node, unit: number, line: number): DraftDevice {
  return draft.device(line, `${name}-${unit}`, { adapter: 'modbus', port, unit, every: '1s' });
}

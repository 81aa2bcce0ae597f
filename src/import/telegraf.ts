/** Telegraf: `[[inputs.modbus]]` in the styles register, request and metric. Addresses count from 0, as ours. */
import { Draft, type DraftDevice } from './draft.js';
import type { Tree } from './tree.js';
import { addressOf, goDuration, isTable, milliseconds, orderOf, PARITIES, type Table } from './words.js';

const DEFAULT_INTERVAL = '10s';

const TYPES: Readonly<Record<string, string>> = {
  INT8L: 'int8L',
  INT8H: 'int8H',
  UINT8L: 'uint8L',
  UINT8H: 'uint8H',
  INT16: 'int16',
  UINT16: 'uint16',
  INT32: 'int32',
  UINT32: 'uint32',
  INT64: 'int64',
  UINT64: 'uint64',
  FLOAT16: 'float16',
  FLOAT32: 'float32',
  FLOAT64: 'float64',
  'FLOAT16-IEEE': 'float16',
  'FLOAT32-IEEE': 'float32',
  'FLOAT64-IEEE': 'float64',
};

/** FIXED and UFIXED take their width from the number of addresses. */
const FIXED: Readonly<Record<number, string>> = { 1: '16', 2: '32', 4: '64' };

export function importTelegraf(root: Tree): Draft {
  const draft = new Draft();
  const agent = root.text('agent', 'interval');
  const plugins = root.list('inputs', 'modbus');
  for (const plugin of plugins) importPlugin(draft, plugin, agent);
  for (const key of root.keys) {
    if (key === 'agent' || key === 'inputs') continue;
    const tree = root.get(key)!;
    draft.tell('ignored', tree.line, key, 'is no input of Modbus');
    tree.skip();
  }
  draft.ignore(root.unread(), 'has no counterpart');
  return draft;
}

interface Context {
  readonly draft: Draft;
  readonly plugin: Tree;
  readonly name: string;
  readonly port: string;
  readonly every: string | undefined;
}

function importPlugin(draft: Draft, plugin: Tree, agent: string | undefined): void {
  const name = plugin.text('name') ?? 'modbus';
  const interval = plugin.text('interval') ?? agent;
  const ms = goDuration(interval ?? DEFAULT_INTERVAL);
  if (interval === undefined) {
    draft.tell('assumed', plugin.line, name, `no interval, neither here nor of the agent: every ${DEFAULT_INTERVAL}`);
  }
  const port = portOf(draft, plugin, name);
  const style = plugin.text('configuration_type') ?? 'register';
  if (plugin.text('transmission_mode')?.startsWith('ASCII') === true) {
    draft.tell('assumed', plugin.line, name, 'framing ascii');
  }
  const context: Context = { draft, plugin, name, port, every: milliseconds(ms) };
  for (const key of ['request', 'metric']) {
    if (key !== style) for (const one of plugin.list(key)) refuseFields(draft, one, `configuration_type is ${style}`);
  }
  if (style === 'register') importRegisters(context);
  else if (style === 'request' || style === 'metric') {
    for (const request of plugin.list(style)) importRequest(context, request, style);
  } else draft.tell('ignored', plugin.line, name, `configuration_type ${style} is not known`);
}

function portOf(draft: Draft, plugin: Tree, name: string): string {
  const controller = plugin.text('controller') ?? '';
  const mode = plugin.text('transmission_mode');
  const timeout = milliseconds(goDuration(plugin.text('timeout')));
  const pause = milliseconds(goDuration(plugin.text('workarounds', 'pause_between_requests')));
  const framing = mode?.startsWith('RTU') === true ? 'rtu' : mode?.startsWith('ASCII') === true ? 'ascii' : undefined;
  const more = { ...(timeout !== undefined && { timeout }), ...(pause !== undefined && { pause }) };
  const tcp = /^tcp:\/\/(\[[^\]]+\]|[^:/]+)(?::(\d+))?$/.exec(controller);
  if (tcp !== null) {
    const host = tcp[1]!.replace(/^\[|\]$/g, '');
    const settings = { type: 'tcp', host, port: Number(tcp[2] ?? 502), ...more };
    return draft.port(host, framing === undefined ? settings : { ...settings, framing });
  }
  const path = controller.replace(/^file:\/\//, '');
  const baudRate = plugin.number('baud_rate');
  const parity = PARITIES[(plugin.text('parity') ?? '').toLowerCase()];
  if (baudRate === undefined) draft.tell('assumed', plugin.line, name, 'no baud_rate: 9600');
  if (parity === undefined) draft.tell('assumed', plugin.line, name, 'no parity: none');
  return draft.port(path.split('/').at(-1) ?? name, {
    type: 'serial',
    path,
    baudRate: baudRate ?? 9_600,
    parity: parity ?? 'none',
    ...bits(plugin),
    ...more,
    ...(framing === 'ascii' && { framing }),
  });
}

function bits(plugin: Tree) {
  const dataBits = plugin.number('data_bits');
  const stopBits = plugin.number('stop_bits');
  return { ...(dataBits !== undefined && { dataBits }), ...(stopBits !== undefined && { stopBits }) };
}

function deviceOf({ draft, name, port, every, plugin }: Context, unit: number | undefined, line: number): DraftDevice {
  const id = unit ?? plugin.number('slave_id');
  if (id === undefined) draft.tell('assumed', line, name, 'no slave_id: unit 1');
  const units = new Set(
    [...plugin.list('request'), ...plugin.list('metric')].map((request) => request.number('slave_id')),
  );
  const wanted = units.size > 1 && id !== undefined ? `${name}-${id}` : name;
  return draft.device(plugin.line, wanted, { adapter: 'modbus', port, unit: id ?? 1, ...(every && { every }) });
}

function importRegisters(context: Context): void {
  const { draft, plugin } = context;
  const tables: readonly (readonly [string, Table])[] = [
    ['discrete_inputs', 'discrete'],
    ['coils', 'coil'],
    ['holding_registers', 'holding'],
    ['input_registers', 'input'],
  ];
  for (const [key, table] of tables) {
    for (const field of plugin.list(key)) {
      draft.entry(field, field.text('name') ?? '', () => importRegister(context, field, table));
    }
  }
}

/** @returns why there is no point */
function importRegister(context: Context, field: Tree, table: Table): string | undefined {
  const addresses = field.list('address').map((one) => one.number() ?? Number.NaN);
  const word = field.text('data_type')?.toUpperCase();
  const isBit = table === 'coil' || table === 'discrete';
  return (
    addressFault(addresses) ??
    add(context, deviceOf(context, undefined, field.line), field, {
      entry: field.text('name') ?? '',
      table,
      start: addresses[0]!,
      count: addresses.length,
      type: isBit ? undefined : registerType(word, addresses.length),
      word,
      order: field.text('byte_order')?.toUpperCase(),
      isBit,
    })
  );
}

function addressFault(addresses: readonly number[]): string | undefined {
  if (addresses.length === 0 || addresses.some(Number.isNaN)) return 'has no address';
  const [first = 0] = addresses;
  return addresses.every((one, index) => one === first + index) ? undefined : 'its addresses are not consecutive';
}

/** The style register: FLOAT32 is the old name of UFIXED. */
function registerType(word: string | undefined, addresses: number): string | undefined {
  if (word === 'FIXED') return FIXED[addresses] && `int${FIXED[addresses]}`;
  if (word === 'UFIXED' || word === 'FLOAT32') return FIXED[addresses] && `uint${FIXED[addresses]}`;
  return word === undefined ? undefined : TYPES[word];
}

function importRequest(context: Context, request: Tree, style: string): void {
  const { draft } = context;
  const order = request.text('byte_order')?.toUpperCase();
  if (order === undefined) draft.tell('assumed', request.line, context.name, 'no byte_order: ABCD');
  for (const field of request.list('fields')) {
    const entry = field.text('name') ?? `address ${field.text('address') ?? ''}`;
    draft.entry(field, entry, () => {
      if (field.flag('omit') === true) return 'left out by its own file (omit)';
      const table = (style === 'metric' ? field : request).text('register') ?? 'holding';
      if (!isTable(table)) return `register ${table} is not known`;
      const word = field.text('type')?.toUpperCase();
      return add(context, deviceOf(context, request.number('slave_id'), request.line), field, {
        entry,
        table,
        start: field.number('address') ?? Number.NaN,
        count: 1,
        type: word === undefined ? undefined : TYPES[word],
        word,
        order,
        isBit: table === 'coil' || table === 'discrete',
      });
    });
  }
}

interface Field {
  readonly entry: string;
  readonly table: Table;
  readonly start: number;
  readonly type: string | undefined;
  /** Registers that the source lists; 1 where it only says where the value begins. */
  readonly count: number;
  /** The type as the source says it. */
  readonly word: string | undefined;
  readonly order: string | undefined;
  readonly isBit: boolean;
}

/** @returns why there is no point */
function add({ draft }: Context, device: DraftDevice, field: Tree, one: Field): string | undefined {
  const { entry, table, start, word, isBit } = one;
  const address = addressOf(table, start);
  if (address === undefined) return 'has no address';
  const bit = word === 'BIT' ? (field.number('bit') ?? 0) : undefined;
  const length = word === 'STRING' ? field.number('length') : undefined;
  const type = word === 'STRING' ? 'string' : one.type;
  if (!isBit && bit === undefined && type === undefined) {
    return word === undefined
      ? 'has no type'
      : `type ${word}${one.count === 1 ? '' : ` of ${one.count} registers`} is not known`;
  }
  const order = isBit || type === undefined ? {} : orderOf(one.order, type);
  if (order === undefined) return `the order ${one.order} of ${word} has no counterpart`;
  const scale = isBit ? undefined : field.number('scale');
  draft.point(device, field.line, entry, {
    address,
    ...(isBit || bit !== undefined ? {} : { type }),
    // Registers there, bytes here.
    ...(length === undefined ? {} : { length: 2 * length }),
    ...order,
    bit,
    scale: scale === 1 ? undefined : scale,
  });
  return undefined;
}

function refuseFields(draft: Draft, request: Tree, reason: string): void {
  for (const field of request.list('fields')) {
    draft.entries++;
    draft.refuse(field.line, field.text('name') ?? '', reason);
  }
  request.skip();
}

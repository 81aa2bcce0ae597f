/**
 * A table of our own: one row per point, columns by name.
 *
 *   device, endpoint, unitId, point, address            needed
 *   type, order, bit, length, scale, offset, decimals, unit, every, write, min, max, description
 *
 * An endpoint is `tcp://10.0.0.7:502`, `rtu+tcp://…` or `/dev/ttyUSB0?baudRate=9600&parity=none`. Device, endpoint and
 * unitId may be left empty where they are those of the row above.
 */
import { Draft } from './draft.js';
import { importError } from './errors.js';
import type { Tree } from './tree.js';
import { FUNCTION_TABLES, PARITIES } from './words.js';

const NEEDED = ['device', 'endpoint', 'unitid', 'point', 'address'];

export function importCsv(rows: Tree): Draft {
  const draft = new Draft();
  let above: Place = { device: '', endpoint: '', unit: '1' };
  for (const row of rows.list()) {
    if (!NEEDED.some((key) => row.has(key))) {
      throw importError('IMPORT_EMPTY', `the first row names none of the columns ${NEEDED.join(', ')}`);
    }
    const place = {
      device: row.text('device') ?? above.device,
      endpoint: row.text('endpoint') ?? above.endpoint,
      unit: row.text('unitid') ?? above.unit,
    };
    above = place;
    draft.entry(row, row.text('point') ?? '', () => importRow(draft, row, place));
  }
  draft.ignore(rows.unread(), 'is no column of this table');
  return draft;
}

interface Place {
  readonly device: string;
  readonly endpoint: string;
  readonly unit: string;
}

/** @returns why there is no point */
function importRow(draft: Draft, row: Tree, { device, endpoint, unit }: Place): string | undefined {
  const name = row.text('point');
  if (device === '' || endpoint === '') return 'neither this row nor one above names device and endpoint';
  if (name === undefined) return 'has no name';
  const port = portOf(draft, row, endpoint);
  if (port === undefined) {
    return `${endpoint} is no endpoint: write tcp://10.0.0.7:502 or /dev/ttyUSB0?baudRate=9600&parity=none`;
  }
  const settings = { adapter: 'modbus', port, unit: Number(unit) };
  draft.point(draft.device(row.line, device, settings), row.line, name, settingsOf(draft, row, name));
  return undefined;
}

function settingsOf(draft: Draft, row: Tree, name: string) {
  const written = row.text('address') ?? '';
  const address = addressOf(written);
  if (address !== written) draft.tell('assumed', row.line, name, `address ${written} counts from 1: ${address}`);
  const number = (key: string) => row.number(key) ?? row.text(key);
  const min = row.number('min');
  const max = row.number('max');
  const write = row.text('write');
  const limits = { ...(min !== undefined && { min }), ...(max !== undefined && { max }) };
  const isWritable = write !== undefined && !/^(false|no|0|-)$/i.test(write);
  return {
    address,
    type: row.text('type'),
    order: row.text('order'),
    bit: number('bit'),
    length: number('length'),
    scale: number('scale'),
    offset: number('offset'),
    decimals: number('decimals'),
    unit: row.text('unit'),
    every: row.text('every'),
    write: isWritable ? (Object.keys(limits).length === 0 ? true : limits) : undefined,
    description: row.text('description'),
  };
}

/** Five and six digits as manuals write them; everything else as it is. */
function addressOf(text: string): string {
  const match = /^([0134])(\d{4}|\d{5})$/.exec(text);
  if (match === null) return text;
  const tables: Readonly<Record<string, number>> = { 0: 1, 1: 2, 3: 4, 4: 3 };
  const start = Number(match[2]) - 1;
  return start < 0 ? text : `${FUNCTION_TABLES[tables[match[1]!]!]}:${start}`;
}

function portOf(draft: Draft, row: Tree, endpoint: string): string | undefined {
  const tcp = /^(rtu\+)?tcp:\/\/(\[[^\]]+\]|[^:/]+)(?::(\d+))?\/?$/.exec(endpoint);
  if (tcp !== null) {
    const host = tcp[2]!.replace(/^\[|\]$/g, '');
    const settings = { type: 'tcp', host, port: Number(tcp[3] ?? 502) };
    return draft.port(host, tcp[1] === undefined ? settings : { ...settings, framing: 'rtu' });
  }
  const serial = /^(?:serial:\/\/)?(\/[^?]+)(?:\?(.*))?$/.exec(endpoint);
  if (serial === null) return undefined;
  const options = new URLSearchParams(serial[2] ?? '');
  const path = serial[1]!;
  const baudRate = options.get('baudRate');
  const parity = PARITIES[(options.get('parity') ?? '').toLowerCase()];
  const isNew = ![...draft.ports.values()].some((port) => port.path === path);
  if (isNew && baudRate === null) draft.tell('assumed', row.line, path, 'no baudRate: 9600');
  if (isNew && parity === undefined) draft.tell('assumed', row.line, path, 'no parity: none');
  const stopBits = options.get('stopBits');
  const dataBits = options.get('dataBits');
  return draft.port(path.split('/').at(-1)!, {
    type: 'serial',
    path,
    baudRate: Number(baudRate ?? 9_600),
    parity: parity ?? 'none',
    ...(dataBits !== null && { dataBits: Number(dataBits) }),
    ...(stopBits !== null && { stopBits: Number(stopBits) }),
  });
}

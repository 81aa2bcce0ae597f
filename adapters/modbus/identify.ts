/** What a unit says it is: function 43/14 (Modbus Application Protocol V1.1b3 §6.21), else function 17 (§6.13). */
import type { GatewayError, Identity } from '../../src/adapter.js';
import { isSilenceOfUnit, modbusError } from './errors.js';
import { FUNCTION, type Request, readDeviceIdentification, reportServerId } from './pdu.js';

/** §6.21, table of objects: basic 0 to 2, regular 3 to 6, extended 0x80 to 0xff. */
const OBJECT_NAMES: Readonly<Record<number, string>> = {
  0: 'vendorName',
  1: 'productCode',
  2: 'majorMinorRevision',
  3: 'vendorUrl',
  4: 'productName',
  5: 'modelName',
  6: 'userApplicationName',
};
const CONFORMITY_OFFSET = 3;
/** Answers of one category; a device that never comes to an end is left at that. */
const MAX_ANSWERS = 64;

type Ask = (request: Request) => Promise<Buffer>;

/**
 * @param ask - one exchange with the unit
 * @throws MODBUS_NO_IDENTITY when it offers neither function; whatever `ask` throws when it does not answer
 */
export async function identifyUnit(ask: Ask): Promise<Identity> {
  const fields = (await offered(() => readObjects(ask))) ?? (await offered(() => readServerId(ask)));
  if (fields !== undefined) return fields;
  throw modbusError('MODBUS_NO_IDENTITY', 'the unit offers neither device identification (43/14) nor server id (17)');
}

/** undefined: the unit refused. */
async function offered(read: () => Promise<Identity>): Promise<Identity | undefined> {
  try {
    return await read();
  } catch (error) {
    const { code, details } = error as GatewayError;
    if (code !== 'MODBUS_EXCEPTION' || isSilenceOfUnit(Number(details.exceptionCode))) throw error;
    return undefined;
  }
}

async function readObjects(ask: Ask): Promise<Identity> {
  const fields: Record<string, string> = {};
  const basic = await readCategory(ask, 1, 0, fields);
  // Bits 0 to 6 of the conformity level: the highest category there is.
  const level = basic & 0x7f;
  for (const [code, first] of [
    [2, 3],
    [3, 0x80],
  ] as const) {
    // Devices announce more than they have: what was read so far counts.
    if (
      level >= code &&
      (await offered(() => readCategory(ask, code, first, fields).then(() => ({ source: '', fields })))) === undefined
    )
      break;
  }
  return { source: 'function 43/14', fields };
}

/** @returns the conformity level */
async function readCategory(ask: Ask, code: 1 | 2 | 3, first: number, fields: Record<string, string>): Promise<number> {
  let next = first;
  let level = 0;
  for (let answers = 0; answers < MAX_ANSWERS; answers++) {
    const pdu = await ask(readDeviceIdentification(code, next));
    level = pdu[CONFORMITY_OFFSET]!;
    readAnswer(pdu, fields);
    // Forward only: a device that points back would be asked for ever.
    if (pdu[4] !== 0xff || pdu[5]! <= next) break;
    next = pdu[5]!;
  }
  return level;
}

function readAnswer(pdu: Buffer, fields: Record<string, string>): void {
  let at = 7;
  for (let object = 0; object < pdu[6]!; object++) {
    const id = pdu[at]!;
    const end = at + 2 + pdu[at + 1]!;
    fields[OBJECT_NAMES[id] ?? `object${id}`] = textOf(pdu.subarray(at + 2, end));
    at = end;
  }
}

async function readServerId(ask: Ask): Promise<Identity> {
  const pdu = await ask(reportServerId());
  const data = pdu.subarray(2);
  if (data.length === 0) return { source: 'function 17', fields: {} };
  // §6.13: server id (its length is the device's own affair), run indicator 0x00 or 0xff, more. Most have one byte of id.
  const fields: Record<string, string> = { serverId: textOf(data) };
  const indicator = data.length > 1 ? data[1] : undefined;
  if (indicator === 0 || indicator === 0xff) {
    fields.serverId = `0x${data.toString('hex', 0, 1)}`;
    fields.running = indicator === 0xff ? 'yes' : 'no';
    if (data.length > 2) fields.additional = textOf(data.subarray(2));
  }
  return { source: `function ${FUNCTION.reportServerId}`, fields };
}

/** Text where it is printable, else its bytes. */
function textOf(bytes: Buffer): string {
  const text = bytes.toString('latin1').replace(/[\0 ]+$/, '');
  return /^[\x20-\x7e]*$/.test(text) ? text : `0x${bytes.toString('hex')}`;
}

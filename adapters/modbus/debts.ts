/**
 * Answers that units still owe on a line. An answer says neither which request it belongs to nor which addresses: one that
 * comes after the late window would be taken for that of the next request, if that asks for as much. So a unit that owes an
 * answer of the same form is first asked for one of another form. Units answer in turn: when that is there, what was
 * owed before it will not come any more.
 */
import { type Request, readRequest, type Table } from './pdu.js';

/** An answer that is later than this does not come any more, ms. */
const FORGOTTEN_MS = 30_000;

const TABLES: Readonly<Record<number, Table>> = { 1: 'coil', 2: 'discrete', 3: 'holding', 4: 'input' };
/** Quantities to ask for instead, in the order of preference: so much less or more than what is wanted. */
const REGISTER_STEPS = [-1, -2, -3, 1, 2, 3, 4] as const;
const BIT_STEPS = [-8, -16, 8, 16, 24] as const;

export class Debts {
  /** By unit: the forms of the answers, and when they were given up, monotonic ms. */
  readonly #owed = new Map<number, Map<string, number>>();

  /** The unit did not answer the request. */
  add(unit: number, request: Request, now: number): void {
    if (TABLES[request.functionCode] === undefined) return;
    const forms = this.#owed.get(unit) ?? new Map<string, number>();
    forms.set(formOf(request), now);
    this.#owed.set(unit, forms);
  }

  /** An answer to the request came: what was owed before it is settled, unless it could be one of those itself. */
  answered(unit: number, request: Request): void {
    const forms = this.#owed.get(unit);
    if (forms !== undefined && (!forms.has(formOf(request)) || forms.size === 1)) this.#owed.delete(unit);
  }

  /** What to ask the unit before this request; undefined: its answer cannot be taken for another. */
  probe(unit: number, request: Request, now: number): Request | undefined {
    const forms = this.#owed.get(unit);
    const table = TABLES[request.functionCode];
    if (forms === undefined || table === undefined) return undefined;
    for (const [form, at] of forms) if (now - at > FORGOTTEN_MS) forms.delete(form);
    if (!forms.has(formOf(request))) return undefined;
    const [start, quantity] = [request.pdu.readUInt16BE(1), request.pdu.readUInt16BE(3)];
    const steps = table === 'coil' || table === 'discrete' ? BIT_STEPS : REGISTER_STEPS;
    for (const step of steps) {
      const other = quantity + step;
      if (other < 1 || start + other > 0x1_0000) continue;
      const probe = readRequest(table, start, other);
      if (!forms.has(formOf(probe))) return probe;
    }
    return undefined;
  }
}

/** Answers of one form are told apart by nothing. */
function formOf({ functionCode, answerBytes }: Request): string {
  return `${functionCode} ${answerBytes}`;
}

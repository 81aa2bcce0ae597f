/** Thermometers that answer `GET <name>` with a number, each line ended by LF; several share a line by their names. */
import type { Duplex } from 'node:stream';
import { z } from 'zod';
import { type Device, defineAdapter, errorsOf, type Point, type Reading, type Value } from '../../src/adapter.js';

/** Part of the build's catalogue (src/builtin.ts), so that `hpmq explain` knows them. */
export const thermometerErrors = {
  THERMOMETER_SILENT: { fault: 'device', hint: 'check power, cable and the name of the sensor' },
  THERMOMETER_TEXT: { fault: 'device', hint: 'the sensor says something that is no number: look at its display' },
} as const;
const thermometerError = errorsOf(thermometerErrors);

const MAX_LINE = 64;

const device = z.object({});
const address = z.object({
  sensor: z
    .string()
    .regex(/^\w{1,16}$/)
    .describe('name of the sensor'),
});
type Address = z.output<typeof address>;

/** The gateway calls one method at a time per wire, under a deadline that `signal` carries. */
class Thermometer implements Device<Address> {
  readonly #wire: Duplex;

  constructor(wire: Duplex) {
    this.#wire = wire;
  }

  async read(points: readonly Point<Address>[], signal: AbortSignal): Promise<readonly Reading[]> {
    const readings: Reading[] = [];
    for (const { id, address } of points) {
      const text = await this.#ask(`GET ${address.sensor}`, signal);
      const value = Number(text);
      const isGood = text !== '' && Number.isFinite(value);
      readings.push({
        point: id,
        at: Date.now(),
        ...(isGood
          ? { value, quality: 'good' }
          : { value: undefined, quality: 'bad', error: thermometerError('THERMOMETER_TEXT', `${id}: no number`) }),
      });
    }
    return readings;
  }

  async write({ address }: Point<Address>, value: Value, signal: AbortSignal): Promise<void> {
    await this.#ask(`SET ${address.sensor} ${String(value)}`, signal);
  }

  /** One line out, one line back. What came before the question is no answer to it. */
  #ask(line: string, signal: AbortSignal): Promise<string> {
    const wire = this.#wire;
    while (wire.read() !== null);
    return new Promise((resolve, reject) => {
      let text = '';
      const settle = (done: () => void) => {
        wire.off('readable', onReadable);
        signal.removeEventListener('abort', onAbort);
        done();
      };
      const onAbort = () => settle(() => reject(thermometerError('THERMOMETER_SILENT', `no answer to "${line}"`)));
      const onReadable = () => {
        for (let part = wire.read(); part !== null; part = wire.read()) text += String(part);
        const end = text.indexOf('\n');
        if (end < 0 && text.length <= MAX_LINE) return;
        settle(() => resolve(text.slice(0, Math.max(end, 0)).trim()));
      };
      wire.on('readable', onReadable);
      signal.addEventListener('abort', onAbort, { once: true });
      wire.write(`${line}\n`);
    });
  }
}

export default defineAdapter({
  type: 'thermometer',
  title: 'Thermometers that are asked by name',
  endpoints: ['serial', 'tcp'],
  port: z.object({}),
  device,
  address,
  open: async (wire) => ({
    device: () => new Thermometer(wire),
    async [Symbol.asyncDispose]() {},
  }),
});

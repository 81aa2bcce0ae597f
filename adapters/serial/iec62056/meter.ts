/**
 * A meter with IEC 62056-21 modes A, B and C.
 *
 *   read    /?!  ─▶ /XXXZ… ─▶ ACK 0Z0 ─▶ (rate Z) STX data ! ETX BCC ─▶ (first rate)
 *   write   /?!  ─▶ /XXXZ… ─▶ ACK 0Z1 ─▶ (rate Z) P0 ─▶ P1(password) ─▶ ACK ─▶ W1 code(value) ─▶ ACK ─▶ B0 ─▶ (first rate)
 *
 * Where the wire cannot change its rate, or must not, the meter is asked to stay at the first one (Z = 0).
 */
import { readFileSync } from 'node:fs';
import {
  characterTimeMs,
  type Device,
  GatewayError,
  type Identity,
  type Point,
  type Reading,
  type Timer,
  type Value,
} from '../../../src/adapter.js';
import { serialError } from '../errors.js';
import type { Line } from '../line.js';
import { convert, type Field } from '../parsing/fields.js';
import { parseDataLines } from '../parsing/obis.js';
import type { DeviceOptions, PointAddress } from '../schema/schema.js';
import { render } from '../template.js';
import { Inbox } from './inbox.js';
import {
  ACK,
  blockCheck,
  commandMessage,
  ETX,
  type Identification,
  NAK,
  optionSelect,
  parseIdentification,
  requestMessage,
  SOH,
  STX,
} from './messages.js';

/** 6.4.3.4: between what one side receives and what it sends lie at least 200 ms. */
const REACTION_MS = 200;
/** After a time-out the meter may go on: it ends within the 1500 ms that it waits for us. */
const QUIET_MS = 1_500;
/** Between two dialogues: the meter goes back to its first rate, ms. */
const REST_MS = 500;
/** What a USB adapter may need to send what it holds, ms. */
const ADAPTER_MS = 20;
/** The meter answers the sign-on within 1500 ms, and both take a second at 300 baud; it may have been busy, ms. */
const SIGN_ON_MS = 3_500;
/** A readout with a wrong check character is asked for once more. */
const REPEATS = 1;

const endOfLine = (bytes: Buffer) => bytes.indexOf(0x0a) + 1 || -1;

export class MeterDevice implements Device<PointAddress> {
  readonly #line: Line;
  readonly #options: DeviceOptions;
  readonly #inbox = new Inbox();
  #readyAt = 0;

  constructor(line: Line, options: DeviceOptions) {
    this.#line = line;
    this.#options = options;
    line.hear((chunk) => this.#inbox.push(chunk));
  }

  readyAt(): number {
    return Math.max(this.#readyAt, this.#line.deafUntil);
  }

  async read(points: readonly Point<PointAddress>[], signal: AbortSignal): Promise<readonly Reading[]> {
    const fields = await this.#dialogue(signal, async (identification) => {
      const found: Map<string, Field> = parseDataLines(await this.#readout(identification, signal));
      found.set('identification', identification.identification);
      found.set('manufacturer', identification.manufacturer);
      return found;
    });
    const at = this.#line.clock.now();
    return points.map(({ id, address }): Reading => {
      const name = address.field ?? id;
      const field = fields.get(name);
      const value = field === undefined ? undefined : convert(field, address);
      if (value !== undefined) return { point: id, value, quality: 'good', at };
      const error =
        field === undefined
          ? serialError('SERIAL_NO_FIELD', `the readout has no ${name}`)
          : serialError('SERIAL_NOT_A_NUMBER', `${name} is no ${address.type} now`);
      return { point: id, value: undefined, quality: 'bad', at, error };
    });
  }

  async write({ id, address }: Point<PointAddress>, value: Value, signal: AbortSignal): Promise<void> {
    const { send } = address;
    if (send === undefined) throw serialError('SERIAL_READ_ONLY', `${id} has no \`send\``);
    const data = render(send.template, this.#options.address ?? '', value).toString('latin1');
    if (/[()!/\x00-\x1f\x7f]/.test(data))
      throw serialError('SERIAL_VALUE', 'the value has characters that end a data set');
    const password = this.#password();
    await this.#dialogue(signal, async (identification) => {
      await this.#select(identification, '1', signal);
      await this.#message(signal);
      await this.#react(signal);
      await this.#command(
        commandMessage('P1', `(${password})`),
        'SERIAL_PASSWORD',
        'the meter refused the password',
        signal,
      );
      await this.#react(signal);
      const dataSet = `${address.field ?? id}(${data})`;
      await this.#command(commandMessage('W1', dataSet), 'SERIAL_REFUSED', `the meter refused to write ${id}`, signal);
      await this.#react(signal);
      await this.#sendWhole(commandMessage('B0'), signal, identification.baudRate);
    });
  }

  async identify(signal: AbortSignal): Promise<Identity> {
    const { manufacturer, identification, mode } = await this.#dialogue(signal, async (found) => {
      await this.#readout(found, signal);
      return found;
    });
    return { source: 'identification message', fields: { manufacturer, identification, mode } };
  }

  /** Signs on, and leaves the line as it was however it ends. */
  async #dialogue<T>(signal: AbortSignal, talk: (identification: Identification) => Promise<T>): Promise<T> {
    const step = { signedOn: false };
    let rest = REST_MS;
    try {
      await this.#setRate(undefined);
      const identification = await this.#signOn(signal);
      step.signedOn = true;
      return await talk(identification);
    } catch (error) {
      if (!signal.aborted) throw error;
      rest = QUIET_MS;
      if (error instanceof GatewayError && error.code.startsWith('SERIAL_')) throw error;
      throw step.signedOn
        ? serialError('SERIAL_TIMEOUT', 'the meter did not end its answer in time', {
            cause: error,
            hint: 'raise the `timeout` of the port: at 300 baud a readout takes 35 s per 1000 characters',
          })
        : serialError('SERIAL_SIGN_ON', 'the meter did not answer the sign-on', { cause: error });
    } finally {
      await this.#setRate(undefined).catch(() => {});
      this.#readyAt = this.#line.clock.monotonic() + rest;
    }
  }

  async #signOn(signal: AbortSignal): Promise<Identification> {
    this.#inbox.clear();
    const request = requestMessage(this.#options.address ?? '');
    using _again = this.#repeat(request, signal);
    await this.#line.send(request, signal);
    for (;;) {
      const line = (await this.#inbox.until(endOfLine, signal)).toString('latin1').trimEnd();
      // Optical heads hear themselves; noise of the first light may stand in front.
      const text = line.slice(Math.max(0, line.lastIndexOf('/')));
      if (text.startsWith('/?')) continue;
      const identification = parseIdentification(text);
      if (identification !== undefined) return identification;
    }
  }

  /** A sign-on that a busy meter missed is sent again until somebody disposes of this. */
  #repeat(request: Buffer, signal: AbortSignal): Disposable {
    const { clock } = this.#line;
    let timer: Timer;
    const arm = () => {
      timer = clock.after(SIGN_ON_MS, () => {
        if (signal.aborted) return;
        // A wire that fails meanwhile ends the dialogue by itself.
        this.#line.send(request, signal).catch(() => {});
        arm();
      });
    };
    arm();
    return { [Symbol.dispose]: () => timer.cancel() };
  }

  async #readout(identification: Identification, signal: AbortSignal): Promise<string> {
    if (identification.mode === 'C') await this.#select(identification, '0', signal);
    else if (identification.mode === 'B' && identification.baudRate !== undefined) {
      await this.#setRate(identification.baudRate);
    }
    for (let repeats = 0; ; repeats++) {
      try {
        return await this.#message(signal);
      } catch (error) {
        if (repeats >= REPEATS || (error as GatewayError).code !== 'SERIAL_CHECKSUM') throw error;
        await this.#react(signal);
        await this.#line.send(Buffer.of(NAK), signal);
      }
    }
  }

  /** Acknowledges the rate that the meter offers, or asks it to stay, and says what is wanted. */
  async #select({ baudId, baudRate }: Identification, mode: '0' | '1', signal: AbortSignal): Promise<void> {
    const changes = this.#line.isAdjustable && !this.#options.fixedBaudRate && baudRate !== undefined;
    await this.#react(signal);
    await this.#sendWhole(optionSelect(changes ? baudId : '0', mode), signal);
    if (changes) await this.#setRate(baudRate);
  }

  /**
   * The next message with a check character.
   *
   * @returns what is between STX and ETX, without the `!` of a readout
   * @throws SERIAL_CHECKSUM
   */
  async #message(signal: AbortSignal): Promise<string> {
    const bytes = await this.#inbox.until((found) => {
      const etx = found.indexOf(ETX);
      return etx < 0 || found.length < etx + 2 ? -1 : etx + 2;
    }, signal);
    const etx = bytes.indexOf(ETX);
    const starts = [bytes.indexOf(SOH), bytes.indexOf(STX)].filter((at) => at >= 0);
    const start = Math.min(...starts);
    if (starts.length === 0 || blockCheck(bytes.subarray(start + 1, etx + 1)) !== bytes[etx + 1]) {
      throw serialError('SERIAL_CHECKSUM', 'the check character of the meter is wrong', { details: { crc: true } });
    }
    const stx = bytes.indexOf(STX);
    return bytes.toString('latin1', stx + 1, etx);
  }

  /** A command that is answered with ACK, or else with NAK or a message that says why not. */
  async #command(
    command: Buffer,
    code: 'SERIAL_PASSWORD' | 'SERIAL_REFUSED',
    message: string,
    signal: AbortSignal,
  ): Promise<void> {
    this.#inbox.clear();
    await this.#line.send(command, signal);
    const answer = await this.#inbox.until((found) => {
      const first = found[0];
      if (first === ACK || first === NAK) return 1;
      const etx = found.indexOf(ETX);
      return etx < 0 || found.length < etx + 2 ? -1 : etx + 2;
    }, signal);
    if (answer[0] !== ACK) throw serialError(code, message);
  }

  /** Before the rate is changed the last bit must have left, also the buffers of an adapter that the driver does not see. */
  async #sendWhole(bytes: Buffer, signal: AbortSignal, baudRate?: number): Promise<void> {
    await this.#line.send(bytes, signal);
    const { endpoint } = this.#line;
    if (!this.#line.isAdjustable || !('baudRate' in endpoint)) return;
    const characterMs = characterTimeMs({ ...endpoint, baudRate: baudRate ?? endpoint.baudRate });
    await this.#line.clock.sleep(Math.ceil(bytes.length * characterMs) + ADAPTER_MS, signal);
  }

  #react(signal: AbortSignal): Promise<void> {
    return this.#line.clock.sleep(REACTION_MS, signal);
  }

  /** @param baudRate - undefined: that of the port */
  async #setRate(baudRate: number | undefined): Promise<void> {
    if (!this.#line.isAdjustable || this.#options.fixedBaudRate) return;
    const { endpoint } = this.#line;
    const rate = baudRate ?? ('baudRate' in endpoint ? endpoint.baudRate : undefined);
    if (rate !== undefined) await this.#line.setBaudRate(rate);
  }

  /** @throws SERIAL_PASSWORD when it cannot be read */
  #password(): string {
    const { password } = this.#options;
    if (password === undefined) return '';
    if ('env' in password) {
      const text = process.env[password.env];
      if (text !== undefined) return text;
      throw serialError('SERIAL_PASSWORD', `the environment has no ${password.env}`, {
        hint: 'set the variable for hpmq',
      });
    }
    try {
      return readFileSync(password.file, 'utf8').trimEnd();
    } catch (cause) {
      throw serialError('SERIAL_PASSWORD', `${password.file} cannot be read`, {
        cause,
        hint: 'check the file and its permissions',
      });
    }
  }
}

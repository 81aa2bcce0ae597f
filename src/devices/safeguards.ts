/**
 * What may be written when: conditions on other points, how often, and by how much. Asked before a command is taken and
 * again before it is sent; says no by throwing, and nothing is sent.
 */
import type { Clock } from '../core/clock.js';
import type { InterlockConfig, WriteConfig } from '../core/config.js';
import type { DevicePoint } from './device-point.js';
import { devicesError } from './errors.js';
import { displayText, type Engineering } from './point.js';

/** A reading that is older than so many of its reads, and this time, says nothing about now, ms. */
const MISSED_READS = 3;
const MISSED_MS = 2_000;

/** The point of a device; undefined: there is none. */
export type FindPoint = (device: string, point: string) => DevicePoint | undefined;

interface History {
  /** Of the writes within `rate.per`, monotonic ms. */
  readonly admitted: number[];
  /** What `maxChangePerSecond` allows now, and when that was reckoned. */
  allowance: number;
  allowanceAt: number;
  /** What was written last; undefined: it is not known whether it was done. */
  written: { readonly value: number | undefined; readonly at: number } | undefined;
}

export class Safeguards {
  readonly #clock: Clock;
  readonly #find: FindPoint;
  readonly #histories = new Map<DevicePoint, History>();

  constructor(clock: Clock, find: FindPoint) {
    this.#clock = clock;
    this.#find = find;
  }

  /**
   * @param value - as it will be in the device, engineering units
   * @throws GatewayError of fault `caller`: COMMAND_INTERLOCK, COMMAND_CHANGE
   */
  check(point: DevicePoint, value: Engineering): void {
    const { write } = point.config;
    for (const condition of write?.only ?? []) this.#checkCondition(point, condition);
    if (write !== undefined && typeof value !== 'string' && typeof value !== 'boolean') {
      this.#checkChange(point, write, Number(value));
    }
  }

  /**
   * Counts a command that is taken.
   *
   * @throws GatewayError COMMAND_RATE of fault `limit`
   */
  admit(point: DevicePoint): void {
    const rate = point.config.write?.rate;
    if (rate === undefined) return;
    const { admitted } = this.#history(point);
    const now = this.#clock.monotonic();
    while (admitted.length > 0 && now - admitted[0]! >= rate.per) admitted.shift();
    if (admitted.length >= rate.writes) {
      const wait = Math.ceil(rate.per - (now - admitted[0]!));
      throw devicesError(
        'COMMAND_RATE',
        `${point.id} takes ${rate.writes} writes in ${rate.per} ms; the next in ${wait} ms`,
        {
          details: { point: point.id, ...rate, wait },
        },
      );
    }
    admitted.push(now);
  }

  /** A write is about to be sent: what it changes is used up. */
  sending(point: DevicePoint, value: Engineering): void {
    const perSecond = point.config.write?.maxChangePerSecond;
    const present = this.#present(point);
    if (perSecond === undefined || present === undefined || typeof value === 'string') return;
    const history = this.#history(point);
    this.#earn(history, perSecond);
    history.allowance -= Math.abs(Number(value) - present);
  }

  /** @param value - that the device has now; undefined: it is not known */
  sent(point: DevicePoint, value: Engineering | undefined): void {
    const number = typeof value === 'number' || typeof value === 'bigint' ? Number(value) : undefined;
    this.#history(point).written = { value: number, at: this.#clock.now() };
  }

  #checkCondition(point: DevicePoint, condition: InterlockConfig): void {
    const { device, point: name } = condition;
    const words = conditionText(condition);
    const other = this.#find(device, name);
    const sample = other?.shadow.sample;
    const details = { point: point.id, condition: words };
    const refuse = (why: string) =>
      devicesError('COMMAND_INTERLOCK', `${point.id} is written only while ${words}; ${why}`, { details });
    if (other === undefined || sample === undefined) throw refuse('it was never read');
    if (sample.quality !== 'good') throw refuse(`it is ${sample.quality}`);
    const age = this.#clock.now() - sample.at;
    if (age > MISSED_READS * other.config.every + MISSED_MS) throw refuse(`its last reading is ${age} ms old`);
    if (!holds(condition, sample.value)) throw refuse(`it is ${displayText(sample.value, other.config)}`);
  }

  #checkChange(point: DevicePoint, { maxChange, maxChangePerSecond }: WriteConfig, value: number): void {
    if (maxChange === undefined && maxChangePerSecond === undefined) return;
    const present = this.#present(point);
    const details = { point: point.id, maxChange, maxChangePerSecond };
    if (present === undefined) {
      const message = `the present value of ${point.id} is not known, so that its change has no measure`;
      throw devicesError('COMMAND_CHANGE', message, { details, hint: 'wait until the point has been read' });
    }
    const change = Math.abs(value - present);
    if (maxChange !== undefined && exceeds(change, maxChange)) {
      throw devicesError('COMMAND_CHANGE', `from ${present} to ${value} is more than ${maxChange} at once`, {
        details,
      });
    }
    if (maxChangePerSecond === undefined) return;
    const history = this.#history(point);
    this.#earn(history, maxChangePerSecond);
    if (exceeds(change, history.allowance)) {
      const message = `from ${present} to ${value} is more than ${maxChangePerSecond} per second`;
      throw devicesError('COMMAND_CHANGE', message, { details });
    }
  }

  /** The value that a change is measured from: the latest of what was read and what was written. */
  #present(point: DevicePoint): number | undefined {
    const { sample } = point.shadow;
    const written = this.#histories.get(point)?.written;
    if (written !== undefined && (sample === undefined || sample.at <= written.at)) return written.value;
    const value = sample?.quality === 'good' ? sample.value : undefined;
    return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : undefined;
  }

  /** An allowance grows by the second, and is saved up for one second. */
  #earn(history: History, perSecond: number): void {
    const now = this.#clock.monotonic();
    const earned = ((now - history.allowanceAt) / 1_000) * perSecond;
    history.allowance = Math.min(perSecond, history.allowance + earned);
    history.allowanceAt = now;
  }

  #history(point: DevicePoint): History {
    let history = this.#histories.get(point);
    if (history === undefined) {
      const allowance = point.config.write?.maxChangePerSecond ?? 0;
      history = { admitted: [], allowance, allowanceAt: this.#clock.monotonic(), written: undefined };
      this.#histories.set(point, history);
    }
    return history;
  }
}

/** Binary fractions make 0.3 − 0.2 a hair larger than 0.1. */
function exceeds(change: number, limit: number): boolean {
  return change > limit + 1e-9 * Math.max(1, Math.abs(limit), change);
}

function holds({ is, isNot, above, below }: InterlockConfig, value: Engineering | undefined): boolean {
  if (value === undefined) return false;
  if (is !== undefined && !equals(value, is)) return false;
  if (isNot !== undefined && equals(value, isNot)) return false;
  if (above === undefined && below === undefined) return true;
  if (typeof value !== 'number' && typeof value !== 'bigint') return false;
  return (above === undefined || value > above) && (below === undefined || value < below);
}

/** As people mean it: 1, true and "1" are what a coil says. */
function equals(value: Engineering, wanted: number | boolean | string): boolean {
  if (typeof value === 'string' || typeof wanted === 'string') return String(value) === String(wanted);
  return Number(value) === Number(wanted);
}

function conditionText({ device, point, is, isNot, above, below }: InterlockConfig): string {
  const parts = [
    ...(is === undefined ? [] : [`is ${is}`]),
    ...(isNot === undefined ? [] : [`is not ${isNot}`]),
    ...(above === undefined ? [] : [`is above ${above}`]),
    ...(below === undefined ? [] : [`is below ${below}`]),
  ];
  return `${device}.${point} ${parts.join(' and ')}`;
}

/**
 * Commands over MQTT. A message to `…/<device>/<point>/set` or `…/<device>/set` becomes writes; its result goes to
 * `…/set/result` and, when the message has a Response Topic, there as well, with its Correlation Data.
 */
import type { Audit } from '../core/audit.js';
import type { Clock } from '../core/clock.js';
import { GatewayError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import type { Message } from '../core/message.js';
import { type Attachment, type Router, type Sink, subscriptionTo } from '../core/router.js';
import { Scope } from '../core/scope.js';
import { topicNameFault } from '../core/topic.js';
import type { CommandStatus } from '../core/views.js';
import { type Commands, checkWrite, DEFAULT_DEADLINE_MS } from './commands.js';
import type { DevicePoint } from './device-point.js';
import { devicesError, didYouMean } from './errors.js';
import { correlationText, parseValue, parseValues, resultJson, resultsJson, type WriteResult } from './payload.js';
import type { Engineering } from './point.js';
import type { Publisher } from './publisher.js';
import type { Supervisor } from './supervisor.js';

/** A Message Expiry Interval may be years; nothing waits that long for a wire, ms. */
const MAX_DEADLINE_MS = 3_600_000;
/** Commands in work at once, over all devices; more are refused. */
const MAX_COMMANDS = 1_000;

export interface Target {
  readonly supervisor: Supervisor;
  readonly commands: Commands;
}

export interface CommandTopicsOptions {
  readonly gatewayId: string;
  readonly router: Router;
  readonly publisher: Publisher;
  readonly targets: ReadonlyMap<string, Target>;
  readonly clock: Clock;
  readonly log: Log;
  readonly audit?: Audit | undefined;
}

interface Wish {
  readonly point: DevicePoint;
  readonly value: Engineering;
}

export class CommandTopics implements Sink, AsyncDisposable {
  readonly id = 'devices';
  readonly kind = 'device';
  readonly origin: `gateway:${string}`;
  readonly durable = false;
  readonly #o: CommandTopicsOptions;
  readonly #scope: Scope;
  #attachment: Attachment | undefined;
  #open = 0;

  constructor(options: CommandTopicsOptions) {
    this.#o = options;
    this.origin = `gateway:${options.gatewayId}`;
    this.#scope = new Scope((error) => options.log.error({ err: error }, 'a command over MQTT ended by a defect'));
  }

  start(): void {
    this.#attachment = this.#o.router.attach(this);
    const { prefix } = this.#o.publisher.topics;
    for (const filter of [`${prefix}/+/+/set`, `${prefix}/+/set`]) {
      // Retained commands are refused when they are published; those from before we came are not even asked for.
      for (const _ of this.#attachment.subscribe(subscriptionTo(filter, { retainHandling: 2 })));
    }
  }

  deliver(message: Message): boolean {
    // An empty retained message only clears one; and what devices say is never a command to a device.
    if ((message.retain && message.payload.length === 0) || message.origin.startsWith('device:')) return true;
    const levels = message.topic.slice(this.#o.publisher.topics.prefix.length + 1).split('/');
    const device = levels[0] ?? '';
    if (device.startsWith('$')) return true;
    const point = levels.length === 3 ? levels[1] : undefined;
    const full = this.#open >= MAX_COMMANDS;
    this.#open++;
    this.#scope.run(async () => {
      try {
        if (full) {
          const error = devicesError('COMMAND_QUEUE_FULL', `${MAX_COMMANDS} commands are in work already`);
          this.#answer(message, device, this.#refusal(error));
        } else if (point === undefined) await this.#setMany(message, device);
        else await this.#setOne(message, device, point);
      } finally {
        this.#open--;
      }
    });
    return !full;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#attachment?.[Symbol.dispose]();
    await this.#scope[Symbol.asyncDispose]();
  }

  async #setOne(message: Message, device: string, pointName: string): Promise<void> {
    let result: WriteResult;
    try {
      const target = this.#target(device);
      const point = pointOf(target.supervisor, pointName);
      const withinMs = this.#deadline(message);
      const value = parseValue(message.payload);
      result = await target.commands.submit({ target: target.supervisor, point, value, withinMs });
    } catch (error) {
      result = this.#refusal(error);
    }
    this.#record(message, `${device}.${pointName}`, result);
    this.#answer(message, device, result);
  }

  /** All values are checked before the first is sent: one that is refused refuses the whole command. */
  async #setMany(message: Message, device: string): Promise<void> {
    let target: Target;
    let withinMs: number;
    let values: ReadonlyMap<string, Engineering>;
    try {
      target = this.#target(device);
      withinMs = this.#deadline(message);
      values = parseValues(message.payload);
    } catch (error) {
      return this.#answer(message, device, this.#refusal(error));
    }
    const { supervisor, commands } = target;
    const results = new Map<string, WriteResult>();
    const wishes = new Map<string, Wish>();
    for (const [name, value] of values) {
      try {
        const point = pointOf(supervisor, name);
        checkWrite(supervisor, point, value);
        wishes.set(name, { point, value });
      } catch (error) {
        results.set(name, this.#refusal(error));
      }
    }
    if (results.size > 0) {
      const refused = [...results.keys()].join(', ');
      for (const name of wishes.keys()) {
        const error = devicesError('COMMAND_NOT_TRIED', `${name} was not written because of ${refused}`);
        results.set(name, this.#refusal(error));
      }
    } else {
      const running = [...wishes].map(async ([name, wish]) => {
        results.set(name, await commands.submit({ target: supervisor, ...wish, withinMs }));
      });
      await Promise.all(running);
    }
    const ordered = new Map([...values.keys()].map((name) => [name, results.get(name)!]));
    const status = worst([...ordered.values()].map((result) => result.status));
    const at = this.#o.clock.now();
    for (const [name, result] of ordered) this.#record(message, `${device}.${name}`, result);
    this.#send(message, device, (correlation) => resultsJson(status, at, ordered, correlation));
  }

  #target(device: string): Target {
    const target = this.#o.targets.get(device);
    if (target !== undefined) return target;
    throw devicesError('DEVICE_UNKNOWN', `there is no device ${device}`, didYouMean(device, this.#o.targets.keys()));
  }

  /** Time the command may wait, ms. */
  #deadline(message: Message): number {
    if (message.retain)
      throw devicesError('COMMAND_RETAINED', 'a retained command would be done again by every restart');
    if (message.expiresAt === Number.POSITIVE_INFINITY) return DEFAULT_DEADLINE_MS;
    return Math.min(MAX_DEADLINE_MS, Math.max(0, message.expiresAt - this.#o.clock.now()));
  }

  #refusal(error: unknown): WriteResult {
    if (!(error instanceof GatewayError)) throw error;
    return { status: 'refused', value: undefined, at: this.#o.clock.now(), error };
  }

  #record(message: Message, target: string, { status, error }: WriteResult): void {
    const outcome = error === undefined ? status : `${status} ${error.code}`;
    this.#o.audit?.({ who: message.origin, action: 'write point', target, outcome });
  }

  #answer(message: Message, device: string, result: WriteResult): void {
    this.#send(message, device, (correlation) => resultJson(result, correlation));
  }

  #send(message: Message, device: string, payload: (correlation: string | undefined) => string): void {
    const { responseTopic, correlationData } = message.properties ?? {};
    const { publisher } = this.#o;
    const body = payload(correlationData === undefined ? undefined : correlationText(correlationData));
    const own = `${message.topic}/result`;
    publisher.result(device, own, body, correlationData);
    if (responseTopic !== undefined && responseTopic !== own && topicNameFault(responseTopic) === undefined) {
      publisher.result(device, responseTopic, body, correlationData);
    }
  }
}

/** @throws GatewayError POINT_UNKNOWN */
export function pointOf(supervisor: Supervisor, name: string): DevicePoint {
  const point = supervisor.points.get(name);
  if (point !== undefined) return point;
  const device = supervisor.config.name;
  const hint = didYouMean(name, supervisor.points.keys());
  throw devicesError('POINT_UNKNOWN', `${device} has no point ${name}`, { ...hint, details: { device } });
}

const severity: readonly CommandStatus[] = ['verified', 'written', 'refused', 'failed', 'unknown'];

function worst(statuses: readonly CommandStatus[]): CommandStatus {
  return severity[Math.max(...statuses.map((status) => severity.indexOf(status)))] ?? 'refused';
}

/**
 * Commands over MQTT. A message to `…/<device>/<point>/set` or `…/<device>/set` becomes writes; its result goes to
 * `…/set/result` and, when the message has a Response Topic, there as well, with its Correlation Data.
 */

import type { Device } from '../core/adapter.js';
import type { Audit } from '../core/audit.js';
import type { Clock } from '../core/clock.js';
import { GatewayError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import type { Message } from '../core/message.js';
import { type Attachment, type Router, type Sink, subscriptionTo } from '../core/router.js';
import { Scope } from '../core/scope.js';
import type { Store } from '../core/store.js';
import { topicNameFault } from '../core/topic.js';
import type { CommandStatus } from '../core/views.js';
import { CommandJournal, type JournalEntry } from './command-journal.js';
import { type Commands, DEFAULT_DEADLINE_MS } from './commands.js';
import type { DevicePoint } from './device-point.js';
import { devicesError, didYouMean } from './errors.js';
import {
  correlationText,
  parseRequest,
  parseValue,
  parseValues,
  resultJson,
  resultsJson,
  type WriteResult,
} from './payload.js';
import type { Engineering } from './point.js';
import type { Publisher } from './publisher.js';
import type { Supervisor } from './supervisor.js';

/** A Message Expiry Interval may be years; nothing waits that long for a wire, ms. */
const MAX_DEADLINE_MS = 3_600_000;
/** A command that is done again after a restart waits so long for its device, ms. */
const RESUMED_DEADLINE_MS = 60_000;
/** In place of a point: the command is a request for the device as it is. */
const RAW = '$raw';
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
  /** Commands in work survive the end of the gateway there; undefined: they do not. */
  readonly store?: Store | undefined;
}

/** The result of a command, as it will be published; the correlation is the sender's. */
type Body = (correlation: string | undefined) => string;

interface Wish {
  readonly point: DevicePoint;
  readonly value: Engineering;
}

export class CommandTopics implements Sink, AsyncDisposable {
  readonly id = 'devices';
  readonly kind = 'device';
  readonly origin: `gateway:${string}`;
  /** A command of QoS 1 or 2 is on disk before its sender is told that it came. */
  readonly durable: boolean;
  readonly #o: CommandTopicsOptions;
  readonly #scope: Scope;
  readonly #journal: CommandJournal;
  #attachment: Attachment | undefined;
  #open = 0;

  constructor(options: CommandTopicsOptions) {
    this.#o = options;
    this.origin = `gateway:${options.gatewayId}`;
    this.durable = options.store !== undefined;
    this.#journal = new CommandJournal(options.clock, options.store);
    this.#scope = new Scope((error) => options.log.error({ err: error }, 'a command over MQTT ended by a defect'));
  }

  start(): void {
    this.#attachment = this.#o.router.attach(this);
    const { prefix } = this.#o.publisher.topics;
    for (const filter of [`${prefix}/+/+/set`, `${prefix}/+/set`]) {
      // Retained commands are refused when they are published; those from before we came are not even asked for.
      for (const _ of this.#attachment.subscribe(subscriptionTo(filter, { retainHandling: 2 })));
    }
    for (const { entry, message } of this.#journal.start()) this.#resume(message, entry);
  }

  deliver(message: Message): boolean {
    // An empty retained message only clears one; and what devices say is never a command to a device.
    if ((message.retain && message.payload.length === 0) || message.origin.startsWith('device:')) return true;
    const { device } = this.#addressOf(message);
    if (device.startsWith('$')) return true;
    if (this.#open >= MAX_COMMANDS) {
      const error = devicesError('COMMAND_QUEUE_FULL', `${MAX_COMMANDS} commands are in work already`);
      this.#answer(message, (correlation) => resultJson(this.#refusal(error), correlation));
      return false;
    }
    // A retained command is refused in any case, and not worth a note.
    const begun = message.retain ? undefined : this.#journal.begin(message);
    if (begun?.is === 'done') this.#send(message, begun.body);
    if (begun === undefined || begun.is === 'new') this.#run(message, begun?.entry);
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#attachment?.[Symbol.dispose]();
    await this.#scope[Symbol.asyncDispose]();
  }

  #run(message: Message, entry: JournalEntry | undefined, withinMs?: number): void {
    this.#open++;
    this.#scope.run(async () => {
      try {
        const { device, point } = this.#addressOf(message);
        const body =
          point === undefined
            ? await this.#setMany(message, device, withinMs)
            : await this.#setOne(message, device, point, withinMs);
        const text = this.#answer(message, body);
        if (entry !== undefined) this.#journal.end(entry, text);
      } finally {
        this.#open--;
      }
    });
  }

  /** The gateway ended while the command was in work: nobody knows whether it was done. */
  #resume(message: Message, entry: JournalEntry): void {
    const { device, point } = this.#addressOf(message);
    const { clock, targets, audit } = this.#o;
    const names = point === undefined ? namesOf(message) : [point];
    const points = names.map((name) => targets.get(device)?.supervisor.points.get(name));
    const mayRepeat = points.length > 0 && points.every((one) => one?.config.write?.idempotent === true);
    if (mayRepeat && message.expiresAt > clock.now()) {
      this.#run(message, entry, RESUMED_DEADLINE_MS);
      return;
    }
    const error = devicesError('COMMAND_INTERRUPTED', 'the gateway ended while the command was in work', {
      details: { device },
    });
    const result: WriteResult = { status: 'unknown', value: undefined, at: clock.now(), error };
    const results = new Map(names.map((name) => [name, result]));
    for (const name of names) {
      const outcome = `unknown ${error.code}`;
      audit?.({ who: message.origin, action: 'write point', target: `${device}.${name}`, outcome });
    }
    const text = this.#answer(message, (correlation) =>
      point === undefined ? resultsJson('unknown', result.at, results, correlation) : resultJson(result, correlation),
    );
    this.#journal.end(entry, text);
  }

  async #setOne(message: Message, device: string, pointName: string, withinMs?: number): Promise<Body> {
    const { origin: who } = message;
    let result: WriteResult;
    try {
      const target = this.#target(device);
      if (pointName === RAW) {
        const raw = await this.#request(target, message, withinMs ?? this.#deadline(message));
        this.#record(message, `${device}.${RAW}`, raw);
        return (correlation) => resultJson(raw, correlation);
      }
      const point = pointOf(target.supervisor, pointName);
      const order = { target: target.supervisor, point, withinMs: withinMs ?? this.#deadline(message), who };
      result = await target.commands.submit({ ...order, value: parseValue(message.payload) });
    } catch (error) {
      result = this.#refusal(error);
      this.#record(message, `${device}.${pointName}`, result);
    }
    return (correlation) => resultJson(result, correlation);
  }

  /** A request as somebody wrote it, for the device as it is; the answer is the value of the result. */
  async #request({ supervisor }: Target, message: Message, withinMs: number): Promise<WriteResult> {
    const text = parseRequest(message.payload);
    if (supervisor.unavailable !== undefined) throw supervisor.unavailable;
    const controller = new AbortController();
    const timer = this.#o.clock.after(withinMs, () =>
      controller.abort(devicesError('COMMAND_EXPIRED', `the wire was not free within ${withinMs} ms`)),
    );
    const ask = (device: Device<unknown>, signal: AbortSignal): Promise<string> => {
      if (device.request !== undefined) return device.request(text, signal);
      return Promise.reject(devicesError('DEVICE_NO_RAW', `${supervisor.config.name} takes no requests as they are`));
    };
    const outcome = await supervisor.lend('command', ask, controller.signal);
    timer.cancel();
    const at = this.#o.clock.now();
    if (outcome.ok) return { status: 'written', value: outcome.value, at, error: undefined };
    const { error, sent } = outcome;
    const status =
      !sent || error.fault === 'caller' ? 'refused' : outcome.timedOut || outcome.lost ? 'unknown' : 'failed';
    return { status, value: undefined, at, error };
  }

  /** All values are checked before the first is sent: one that is refused refuses the whole command. */
  async #setMany(message: Message, device: string, within?: number): Promise<Body> {
    let target: Target;
    let withinMs: number;
    let values: ReadonlyMap<string, Engineering>;
    try {
      target = this.#target(device);
      withinMs = within ?? this.#deadline(message);
      values = parseValues(message.payload);
    } catch (error) {
      const result = this.#refusal(error);
      this.#record(message, device, result);
      return (correlation) => resultJson(result, correlation);
    }
    const { supervisor, commands } = target;
    const results = new Map<string, WriteResult>();
    const wishes = new Map<string, Wish>();
    for (const [name, value] of values) {
      try {
        const point = pointOf(supervisor, name);
        commands.check(supervisor, point, value);
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
      for (const name of values.keys()) this.#record(message, `${device}.${name}`, results.get(name)!);
    } else {
      const running = [...wishes].map(async ([name, wish]) => {
        results.set(name, await commands.submit({ target: supervisor, ...wish, withinMs, who: message.origin }));
      });
      await Promise.all(running);
    }
    const ordered = new Map([...values.keys()].map((name) => [name, results.get(name)!]));
    const status = worst([...ordered.values()].map((result) => result.status));
    const at = this.#o.clock.now();
    return (correlation) => resultsJson(status, at, ordered, correlation);
  }

  /** Of the topic of a command. */
  #addressOf(message: Message): { readonly device: string; readonly point: string | undefined } {
    const levels = message.topic.slice(this.#o.publisher.topics.prefix.length + 1).split('/');
    return { device: levels[0] ?? '', point: levels.length === 3 ? levels[1] : undefined };
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

  /** A command that never became a write. */
  #record(message: Message, target: string, { status, error }: WriteResult): void {
    const outcome = error === undefined ? status : `${status} ${error.code}`;
    this.#o.audit?.({ who: message.origin, action: 'write point', target, outcome });
  }

  /** @returns what was published */
  #answer(message: Message, body: Body): string {
    const { correlationData } = message.properties ?? {};
    const text = body(correlationData === undefined ? undefined : correlationText(correlationData));
    this.#send(message, text);
    return text;
  }

  #send(message: Message, text: string): void {
    const { responseTopic, correlationData } = message.properties ?? {};
    const { publisher } = this.#o;
    const { device } = this.#addressOf(message);
    const own = `${message.topic}/result`;
    publisher.result(device, own, text, correlationData);
    if (responseTopic !== undefined && responseTopic !== own && topicNameFault(responseTopic) === undefined) {
      publisher.result(device, responseTopic, text, correlationData);
    }
  }
}

/** The points that a command to a device names. */
function namesOf(message: Message): readonly string[] {
  try {
    return [...parseValues(message.payload).keys()];
  } catch {
    return [];
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

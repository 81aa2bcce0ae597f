/**
 * The other direction: the gateway as a device that masters of others read and write. An adapter brings the protocol;
 * src/devices/servers accepts the wires and lends it the devices of the gateway.
 */
import type { Duplex } from 'node:stream';
import type { z } from 'zod';
import type { Clock } from './clock.js';
import type { GatewayError } from './errors.js';
import type { Log } from './log.js';
import type { Endpoint } from './transport.js';

/** What is known of a point: its last reading, in engineering units. */
export interface ServedSample {
  /** undefined when quality is bad. */
  readonly value: number | bigint | boolean | string | undefined;
  readonly quality: 'good' | 'stale' | 'bad';
  readonly error: GatewayError | undefined;
}

export interface ServedResult {
  readonly status: 'written' | 'verified' | 'refused' | 'failed' | 'unknown';
  readonly error: GatewayError | undefined;
}

export interface ServedPoint {
  readonly id: string;
  /** As its adapter has it, resolved. */
  readonly address: unknown;
  /** undefined before the first attempt to read it. */
  sample(): ServedSample | undefined;
  /** A raw value as its device would return it → what people see; undefined when it is not a number. */
  engineering(raw: number | bigint | boolean | string | Buffer): number | bigint | boolean | string | undefined;
  /** @throws GatewayError when this may not be written to it now; nothing was sent, and that is on record */
  check(value: number | bigint | boolean | string, who: string): void;
  /** A command like every other one: limits, order, read-back, audit. Never rejects. */
  write(value: number | bigint | boolean | string, who: string, signal: AbortSignal): Promise<ServedResult>;
}

/** A device of the gateway, to those who serve it to others. */
export interface ServedDevice {
  readonly name: string;
  /** Type of its adapter. */
  readonly adapter: string;
  /** Parsed by the adapter's `device` schema; one object for as long as the gateway runs. */
  readonly options: unknown;
  readonly points: readonly ServedPoint[];
  /** Why nothing can be sent to it now; undefined when something can. */
  readonly unavailable: GatewayError | undefined;
  /**
   * An exchange with the device in the queue of its wire, as a command or behind the commands. The signal takes it back
   * while it waits.
   *
   * @param run - gets what the `device()` of its adapter's bus returned
   * @throws GatewayError of the port, or whatever `run` throws
   */
  exchange<T>(
    priority: 'command' | 'ask',
    run: (device: unknown, signal: AbortSignal) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T>;
  /** Puts a write that is no command to a point on record. @param what - `holding:100-102` */
  record(what: string, who: string, outcome: string): void;
}

/** Somebody who uses topics without being an MQTT client. */
export interface Visitor {
  /** A user of the access rules; undefined: anonymous. */
  readonly user: string | undefined;
  /** What stands for its Client Identifier. */
  readonly clientId: string;
  /** IP address. */
  readonly host: string;
}

/** What the access rules say of a visitor, asked anew each time. */
export interface TopicRights {
  mayPublish(topic: string): boolean;
  maySubscribe(filter: string): boolean;
  mayReceive(topic: string): boolean;
}

export interface ServedMessage {
  readonly topic: string;
  readonly payload: Buffer;
  readonly contentType: string | undefined;
  /** Unix ms; Infinity: never */
  readonly expiresAt: number;
}

export interface PublishOptions {
  readonly retain: boolean;
  readonly qos: 0 | 1 | 2;
  readonly contentType?: string | undefined;
  /** ms */
  readonly expiresAfter?: number | undefined;
}

/** Topics as one visitor may use them. */
export interface ServedTopics {
  mayPublish(topic: string): boolean;
  mayReceive(topic: string): boolean;
  /** Resolves when whoever must have it has it, or it is on disk; never rejects. invalid: no Topic Name. */
  publish(
    topic: string,
    payload: Buffer,
    options: PublishOptions,
  ): Promise<'published' | 'forbidden' | 'invalid' | 'failed'>;
  /** The retained message; undefined: there is none. */
  last(topic: string): ServedMessage | 'forbidden' | undefined;
  /** Retained messages that may be received. */
  retained(filter: string): Iterable<ServedMessage>;
  /** New messages from now on; undefined: that is forbidden. */
  watch(topic: string, onMessage: (message: ServedMessage) => void): Disposable | undefined;
}

export interface ServerContext {
  /** Of the server, in `servers`. */
  readonly name: string;
  readonly gatewayId: string;
  readonly version: string;
  readonly log: Log;
  readonly clock: Clock;
  /** undefined: there is none of that name. */
  device(name: string): ServedDevice | undefined;
  /** Names of all devices. */
  devices(): readonly string[];
  topics(visitor: Visitor): ServedTopics;
}

/** What was asked and what came of it, since the start. */
export interface ServerFigures {
  readonly requests: number;
  /** Answers that refused, by the code of the protocol. */
  readonly exceptions: Readonly<Record<string, number>>;
  /** Requests that were not answered. */
  readonly dropped: number;
}

export interface RunningServer {
  /**
   * Serves one master, or one line of them, until the wire closes or the signal aborts; destroys the wire then. Never
   * rejects.
   *
   * @param who - for logs: `10.0.0.5`, `/dev/ttyUSB1`
   */
  serve(wire: Duplex, who: string, endpoint: Endpoint, signal: AbortSignal): Promise<void>;
  figures(): ServerFigures;
}

/** A device or point that a server is configured to serve. */
export interface ServedReference {
  /** Where it stands, relative to the server's configuration. */
  readonly path: readonly (string | number)[];
  readonly device: string;
  /** undefined: the device as a whole, which then must be of the same adapter. */
  readonly point: string | undefined;
  /** Whether masters may write it. */
  readonly isWritten: boolean;
}

/** The server side of a protocol; its schema is merged flat into `servers.<name>`. */
export interface ServerRole<S extends z.ZodObject = z.ZodObject> {
  readonly endpoints: readonly ('tcp' | 'udp' | 'serial')[];
  readonly schema: S;
  check?(
    config: z.output<S>,
    endpoint: Endpoint,
  ): readonly { readonly path: readonly string[]; readonly message: string }[];
  references(config: z.output<S>): readonly ServedReference[];
  create(config: z.output<S>, context: ServerContext): RunningServer;
}

// biome-ignore lint/suspicious/noExplicitAny: as AnyAdapter; only parsed configuration may be passed to it
export type AnyServerRole = ServerRole<any>;

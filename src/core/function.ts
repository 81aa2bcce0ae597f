/** Functions on the message path, as the other parts see them. Implemented in src/functions. */
import type { GatewayError } from './errors.js';
import type { Message } from './message.js';

/** Which way a message goes: from clients and devices here, or from a link. */
export type Direction = 'upstream' | 'downstream';

/** What stands in the path of messages. */
export interface Transform {
  /** Whether a message on this topic is to be given to {@link apply}; the answer may be kept until {@link onChanged}. */
  wants(topic: string): boolean;
  /**
   * What takes the place of the message, in order; none: it goes nowhere. A promise where the function runs elsewhere or
   * waits; messages of one topic come out in the order in which they went in. Never throws; a promise never rejects.
   */
  apply(message: Message): readonly Message[] | Promise<readonly Message[]>;
  /** Set by the broker: what {@link wants} says has changed. */
  onChanged?: (() => void) | undefined;
}

/** The same at the door of one link. */
export type LinkTransform = (link: string, direction: 'out' | 'in') => Transform | undefined;

/** The hooks a function can have; each is an export of the module with this name. */
export const hooks = ['on_message', 'on_decode', 'on_encode', 'on_connect', 'on_timer', 'on_start'] as const;
export type Hook = (typeof hooks)[number];

/** What a function can be granted beside `log`, `now`, `random` and `config`. */
export const capabilities = ['kv', 'publish', 'points', 'http'] as const;
export type Capability = (typeof capabilities)[number];

/** How a call ended without an answer: named in logs, figures and dead letters. */
export type TrapCause =
  | 'fuel'
  | 'memory'
  | 'stack'
  | 'unreachable'
  | 'output'
  | 'deadline'
  | 'refused'
  | 'host'
  | 'crashed'
  /** The call of another function ended the thread that they share. */
  | 'ended';

/** What bounds one function. */
export interface FunctionLimits {
  /** Of one call: function entries, loop turns, and 64 bytes of bulk memory each. */
  readonly fuel: number;
  /** Linear memory, bytes. */
  readonly memory: number;
  /** Of one call that waits or runs elsewhere, ms. */
  readonly deadline: number;
  /** Calls that wait at a time. */
  readonly queue: number;
  /** Messages out of one call. */
  readonly outputs: number;
  /** Bytes out of one call. */
  readonly outputBytes: number;
  /** Messages out per second, of publish() and all outputs. */
  readonly rate: number;
}

/** What a module may ask of its host; pointers and memory are the engine's business. */
export interface HostCalls {
  log(level: number, text: string): void;
  /** Unix ms. */
  now(): number;
  /** JSON text. */
  config(key: string): string | undefined;
  kvGet?(key: string): Buffer | undefined;
  /** @returns false: over the quota */
  kvSet?(key: string, value: Buffer): boolean;
  kvDelete?(key: string): void;
  /** @param record - a message record @returns 0, −1 not allowed, −2 over a limit */
  publish?(record: Buffer): number;
  /** JSON text, undefined: no such point or not granted. */
  pointRead?(name: string): string | undefined;
  /** @returns 0 taken, −1 not allowed, −2 over a limit */
  pointCommand?(name: string, value: string): number;
  /** JSON request → JSON response. */
  http?(request: string, signal: AbortSignal): Promise<string>;
}

/** A module that was checked, metered and compiled. */
export interface FunctionModule {
  /** `sha256:` and hex, of the bytes as they came. */
  readonly digest: string;
  readonly abi: 'hpmq-fn/1' | 'wapc';
  readonly hooks: ReadonlySet<Hook>;
  /** What it imports. */
  readonly needs: ReadonlySet<Capability>;
  /** It has calls that wait (http): {@link FunctionInstance.call} is not to be used. */
  readonly isAsync: boolean;
  readonly bytes: number;
  instantiate(host: HostCalls): FunctionInstance;
}

/** One call after the other. After a trap it has started anew before the next call. */
export interface FunctionInstance extends Disposable {
  /** @returns the frame it gave, owned; undefined: nothing @throws FunctionTrap */
  call(hook: Hook, frame: Buffer): Buffer | undefined;
  /** The same where it may wait; calls queue. Rejects with a FunctionTrap. */
  callAsync(hook: Hook, frame: Buffer, signal?: AbortSignal): Promise<Buffer | undefined>;
  /** Calls of {@link callAsync} that have not begun are rejected with `reason`, at once or when that is known; the one that runs goes on. */
  abandon(reason: Error): void;
  /** What each of the next calls has; at first that of the limits. Absent in a worker, where nobody waits for it. */
  giveFuel?(amount: number): void;
  /** Of the last call. */
  readonly fuelUsed: number;
  /** Linear memory now, bytes. */
  readonly memory: number;
}

/** Of a module that is deployed or configured; it is read into memory as a whole. */
export const MAX_MODULE_BYTES = 16 * 1_048_576;

export class FunctionTrap extends Error {
  readonly trap: TrapCause;

  constructor(trap: TrapCause, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'FunctionTrap';
    this.trap = trap;
  }
}

/** Makes a module of bytes. Rejects with a GatewayError that names what is not allowed. */
export type CompileFunction = (
  bytes: Buffer,
  options: {
    readonly limits: FunctionLimits;
    readonly grants: ReadonlySet<Capability>;
    readonly isolate: 'inline' | 'worker';
  },
) => Promise<FunctionModule>;

/** What frames and points hold. */
export type PointValue = number | bigint | boolean | string | Buffer;

/** Of a frame, by a function. */
export interface DecodedPoint {
  readonly point: string;
  /** undefined: the frame says that it could not be measured. */
  readonly value: PointValue | undefined;
  /** Why there is no value. */
  readonly why?: string;
}

/** Functions that know frames of devices. What cannot be done is a GatewayError, returned: nothing throws or rejects. */
export interface FrameHooks {
  /** undefined: no function decodes for this device. */
  decode(device: string): ((frame: Buffer) => Decoded | Promise<Decoded>) | undefined;
  /** undefined: no function encodes for this device. */
  encode(device: string): ((point: string, value: PointValue) => Encoded | Promise<Encoded>) | undefined;
}

/** Empty: the frame is not one of those that the function knows. */
export type Decoded = readonly DecodedPoint[] | GatewayError;
/** Frames to be sent, in order; none: nothing is to be sent. */
export type Encoded = readonly Buffer[] | GatewayError;

/** Who wants to connect. */
export interface ConnectRequest {
  readonly clientId: string;
  readonly userName: string | undefined;
  readonly password: Buffer | undefined;
  readonly listener: string;
  /** IP address; empty for Unix sockets. */
  readonly address: string;
  readonly protocolVersion: number;
  /** Common Name of the client certificate that was verified. */
  readonly certificateName: string | undefined;
}

export interface ConnectDecision {
  /** none: the function has no opinion, the other rules decide. */
  readonly decision: 'none' | 'allow' | 'deny';
  readonly reason: string;
  /** It is denied because the function could not say. */
  readonly isFailure?: true;
}

export interface ConnectHook {
  /** Whether a function is to be asked at this listener. */
  wants(listener: string): boolean;
  /** Never rejects: where a function fails, the client is denied. */
  decide(request: ConnectRequest): Promise<ConnectDecision>;
}

/** The ready functions in the executable: `file: builtin:NAME`. */
export const builtinFunctions = [
  'aggregate',
  'dead-band',
  'deduplicate',
  'desensitise',
  'json-cbor',
  'modbus-rtu',
  'sparkplug-json',
  'units',
] as const;

/** What a function of HPMQ in JavaScript or TypeScript is given. ES2020; no Intl, no timers, no files, no network but http(). */

type Bytes = Uint8Array;
/** Text and bytes as they are; everything else as JSON. */
type Payload = string | Bytes | ArrayBuffer | object | number | boolean | null;
type QoS = 0 | 1 | 2;

interface Properties {
  payloadFormatIndicator?: boolean;
  /** Seconds. */
  messageExpiryInterval?: number;
  contentType?: string;
  responseTopic?: string;
  correlationData?: Bytes;
  userProperties?: [name: string, value: string][];
}

interface Message {
  topic: string;
  payload: Bytes;
  qos: QoS;
  retain: boolean;
  properties: Properties;
  /** The payload as UTF-8. */
  text(): string;
  /** The payload as JSON; throws SyntaxError. */
  json(): any;
}

/** A message that a hook gives. In onMessage, what is left out is as it was in the message that came. */
interface Output {
  topic?: string;
  payload?: Payload;
  qos?: QoS;
  retain?: boolean;
  /** null: none */
  properties?: Properties | null;
}
type Outputs = Message | Output | readonly (Message | Output)[] | null | undefined;
type MaybeAsync<T> = T | Promise<T>;

interface Context {
  /** Who sent it: `client:line-3`. */
  origin: string;
  direction: 'upstream' | 'downstream' | 'none';
  /** The payload that the function saw last on this topic. */
  readonly previous: Bytes | null;
  previousText(): string | null;
}

/** What a point has. An Error says why there is none. */
type PointValue = number | bigint | boolean | string | Bytes | Error | null;

interface ConnectRequest {
  clientId: string;
  userName?: string;
  password?: Bytes;
  listener: string;
  address: string;
  protocolVersion: string;
  certificateName?: string;
}

/** Hooks, each an export of the module; those that are there are called. */
interface Hooks {
  /** null: the message goes nowhere */
  onMessage?(message: Message, context: Context): MaybeAsync<Outputs>;
  onDecode?(frame: Bytes, device: string): MaybeAsync<Record<string, PointValue> | null>;
  onEncode?(point: string, value: PointValue, device: string): MaybeAsync<Bytes | Bytes[] | null>;
  /** null: the other rules decide */
  onConnect?(request: ConnectRequest): MaybeAsync<boolean | { allow: boolean; reason?: string } | null>;
  /** now: Unix ms */
  onTimer?(now: number): MaybeAsync<Outputs>;
  onStart?(now: number): MaybeAsync<Outputs>;
  /** What is used below and has to be granted. */
  needs?: readonly ('kv' | 'publish' | 'points' | 'http')[];
}

interface HttpResponse {
  status?: number;
  headers?: Record<string, string>;
  body?: string;
  bodyBase64?: string;
  error?: string;
}

/** Calls are there in hooks, not while the module is loaded. */
declare const hpmq: {
  log(text: unknown, level?: 'debug' | 'info' | 'warn' | 'error'): void;
  /** What `config` of the function says. */
  config(key: string): any;
  /** Unix ms. */
  now(): number;
  random(length: number): Bytes;
  /** needs kv */
  readonly kv: {
    get(key: string): Bytes | undefined;
    getText(key: string): string | undefined;
    getJson(key: string): any;
    /** false: over the quota */
    set(key: string, value: Payload): boolean;
    delete(key: string): void;
  };
  /** needs publish. 0, -1 not allowed, -2 over a limit */
  publish(message: { topic: string; payload: Payload; qos?: QoS; retain?: boolean; properties?: Properties }): number;
  /** needs points */
  readonly point: {
    read(name: string): { v: any; q: string; t: number; u?: string } | undefined;
    /** 0, -1 not allowed, -2 over a limit */
    command(name: string, value: any): number;
  };
  /** needs http; waits for the answer */
  http(request: string | { url: string; method?: string; headers?: Record<string, string>; body?: string }): HttpResponse;
  /** Thrown by a hook: this input is refused; it counts as an error, and the function goes on. */
  readonly Refusal: new (why: string) => Error;
};

declare const console: Record<'debug' | 'log' | 'info' | 'warn' | 'error', (...values: unknown[]) => void>;
declare class TextEncoder {
  encode(text?: string): Bytes;
}
declare class TextDecoder {
  decode(bytes?: Bytes): string;
}

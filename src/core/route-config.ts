/** Routes of links, as configured. */
import type { QoS } from './message.js';

export interface RouteConfig {
  readonly direction: 'out' | 'in' | 'both';
  /** Topic Filters; out and both: of local topics; in: of topics at the far side. */
  readonly filter: string | readonly string[];
  /** Filters, of the same side, of topics that do not take this route. */
  readonly except?: readonly string[];
  /** Topic template: see core/topic-template.ts. With direction both it can be reversed. */
  readonly to: string;
  /** Highest that travels. */
  readonly qos: QoS;
  /** Lowest that travels, at most `qos`; 0 when absent. */
  readonly minQos?: QoS;
  /** keep when absent. */
  readonly retain?: 'keep' | 'set' | 'clear';
  /** Message Expiry Interval, counted from the arrival here, ms. */
  readonly expiry?: { readonly ms: number; readonly mode: 'set' | 'cap' };
  /** 0 to 9; the higher is sent first and dropped last. {@link DEFAULT_PRIORITY} when absent. */
  readonly priority?: number;
  /** Of the payload as it arrives; `refuse`: with an alarm, `drop`: counted only. */
  readonly maxSize?: { readonly bytes: number; readonly over: 'drop' | 'refuse' };
  /** Form of the payload at the far side; as is when absent. */
  readonly format?: FormatConfig;
  /** Direction out only. */
  readonly batch?: BatchConfig;
  /** How payloads travel. */
  readonly compress?: Compression;
  /** When it sends; see core/schedule.ts. */
  readonly schedule?: readonly string[];
  /** Direction in only: subscribed at the far side while someone here is, and this long after, ms. */
  readonly onDemand?: { readonly linger: number };
}

export const DEFAULT_PRIORITY = 5;

export type Compression = 'gzip' | 'zstd';

export type FormatConfig =
  | { readonly type: 'reading' | 'value' | 'json' }
  | {
      readonly type: 'thingsboard';
      /** device: of one device; gateway: the device is named in the payload. */
      readonly api: 'device' | 'gateway';
      /** The quality travels as a value of its own, `<point>_quality`; else what is not good is left out. */
      readonly quality: boolean;
    }
  /** JSON in which texts have placeholders: see links/formats/template.ts. */
  | { readonly type: 'template'; readonly template: JsonValue }
  /** The same with plain text. */
  | { readonly type: 'text'; readonly text: string };

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** Several messages in one packet. */
export interface BatchConfig {
  readonly maxMessages: number;
  /** Of the payload before it is compressed. */
  readonly maxBytes: number;
  /** The first message of a batch waits so long at most, ms. */
  readonly maxDelay: number;
  /** `array`: one JSON array; `lines`: NDJSON, one JSON text a line. */
  readonly as: 'array' | 'lines';
}

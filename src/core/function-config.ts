/** A function as its service gets it. */
import type { FunctionLimits } from './function.js';
import type { JsonValue } from './route-config.js';

export interface FunctionConfig {
  readonly name: string;
  readonly source: FunctionSource;
  readonly triggers: readonly FunctionTrigger[];
  /** What the module gets by `config(key)`, as JSON. */
  readonly config: Readonly<Record<string, JsonValue>>;
  readonly limits: FunctionLimits;
  /** What becomes of a message that the function had no answer to. */
  readonly onError: OnError;
  readonly isolate: 'inline' | 'worker';
  readonly grants: FunctionGrants;
  readonly breaker: BreakerConfig;
}

export type FunctionSource =
  | { readonly type: 'file' /** Absolute. */; readonly file: string }
  | { readonly type: 'image'; readonly image: string /** `sha256:` and hex. */; readonly digest: string | undefined };

/** pass: as it came; drop: not at all; dead-letter: to `hpmq/<gateway>/$dead/<function>`. */
export type OnError = 'pass' | 'drop' | 'dead-letter';

export type FunctionTrigger =
  /** In the path of messages: upstream from clients and devices, downstream from links. */
  | { readonly type: 'path'; readonly direction: 'upstream' | 'downstream' | 'both'; readonly filter: string }
  /** At the door of one link. */
  | { readonly type: 'link'; readonly link: string; readonly direction: 'out' | 'in'; readonly filter: string }
  /** Beside the path. */
  | { readonly type: 'subscribe'; readonly filter: string }
  /** Names of devices, `*` for any part. */
  | { readonly type: 'decode' | 'encode'; readonly devices: readonly string[] }
  /** Names of listeners; undefined: all. */
  | { readonly type: 'connect'; readonly listeners: readonly string[] | undefined }
  | { readonly type: 'timer' /** ms */; readonly every: number }
  | { readonly type: 'start' };

export interface FunctionGrants {
  /** Bytes of keys and values. */
  readonly kv: number | undefined;
  /** Topic Filters. */
  readonly publish: readonly string[] | undefined;
  /** `device/point`, `*` for any part. */
  readonly points: { readonly read: readonly string[]; readonly command: readonly string[] } | undefined;
  /** `host`, `host:port`, `*.domain`; ms. */
  readonly http: { readonly hosts: readonly string[]; readonly timeout: number } | undefined;
}

export interface BreakerConfig {
  /** So many errors … */
  readonly traps: number;
  /** … or, from the second on, so much time that all messages waited for them, ms … */
  readonly time: number;
  /** … within this time, ms, and the function is not asked … */
  readonly within: number;
  /** … for this long, ms. */
  readonly rest: number;
}

export interface FunctionRegistryConfig {
  readonly trust: readonly TrustConfig[];
  /** `host:port` that are spoken to without TLS. */
  readonly insecure: readonly string[];
  readonly auth: Readonly<Record<string, { readonly username: string; readonly password: string }>>;
  /** Certificates of authorities beside those of Node, PEM. */
  readonly ca: Buffer | undefined;
}

export interface TrustConfig {
  /** Of references, such as `registry.example.com/fn/`. */
  readonly prefix: string;
  /** PEM files of public keys, absolute. */
  readonly keys: readonly string[];
  /** Unsigned images are refused. */
  readonly required: boolean;
}

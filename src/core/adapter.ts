/** A protocol towards devices. Many devices share one port; the port belongs to src/devices, never to the adapter. */
import type { Duplex } from 'node:stream';
import type { z } from 'zod';
import type { Clock } from './clock.js';
import type { GatewayError } from './errors.js';
import type { Decoded, Encoded } from './function.js';
import type { Log } from './log.js';
import type { AnyServerRole } from './server-role.js';
import type { Address, Endpoint } from './transport.js';

/** A raw value, before scale and offset. 64-bit integers are bigint. */
export type Value = number | bigint | boolean | string | Buffer;

/** bad: the last attempt failed; stale: the value is from before, not confirmed since. */
export type Quality = 'good' | 'stale' | 'bad';

export interface Reading {
  readonly point: string;
  /** undefined when quality is bad. */
  readonly value: Value | undefined;
  readonly quality: Quality;
  /** Unix ms of the sample: when the answer arrived, not when it is published. */
  readonly at: number;
  readonly error?: GatewayError;
}

export interface Point<A> {
  readonly id: string;
  /** Parsed by the adapter's `address` schema. */
  readonly address: A;
  readonly writable: boolean;
}

/**
 * One addressed thing on the port: a Modbus unit, a CoAP host, a scale. The gateway calls one method at a time per wire,
 * each under a deadline carried by `signal`; the adapter never polls, retries, publishes or logs per value.
 */
export interface Device<A> {
  /**
   * Reads points in ONE exchange on the wire (the caller planned them into one span, where the adapter has spans).
   * Resolves with one reading per point when the device answered; a refusal by the device (a Modbus exception) is a
   * reading of quality bad for each point, all with the same error (`details.busy`: try again later, the points are not
   * the reason; `details.absent`: one of the addresses that were read, or the read as a whole, is not to be had, which
   * is worth remembering; `details.exceptionCode`: counted by it). Rejects when it did not answer (`details.crc`: it did, with a wrong checksum) or the wire failed.
   */
  read?(points: readonly Point<A>[], signal: AbortSignal): Promise<readonly Reading[]>;
  /** Resolves when the device confirmed the write. Rejects with fault `caller` before anything was sent, else `device`. */
  write?(point: Point<A>, value: Value, signal: AbortSignal): Promise<void>;
  /**
   * Asks the device what it is. It may take several exchanges. Rejects with fault `device` when it does not say.
   */
  identify?(signal: AbortSignal): Promise<Identity>;
  /**
   * Listens from now on, until it is disposed of, for what the device says without being asked. Called once on each open
   * wire, before anything is asked. A read of a point that comes by itself waits for its next value.
   *
   * @param points - all of them, also those that do not come by themselves ({@link Adapter.pushed})
   */
  listen?(points: readonly Point<A>[], ear: Ear): Disposable;
  /**
   * Sends what somebody wrote, as it is, in the words of the adapter, and resolves with the answer. Rejects like write().
   */
  request?(text: string, signal: AbortSignal): Promise<string>;
  /**
   * Monotonic ms before which it is not to be asked, because the answer to an earlier question may still come and be
   * taken for that of the next. The wire serves other devices until then. Absent: it can be asked at any time.
   */
  readyAt?(): number;
}

/** Who listens to a device that speaks by itself. */
export interface Ear {
  /** Values that came by themselves: they are taken as if they had been read. None at all: the device is there. */
  report(readings: readonly Reading[]): void;
  /** What came by itself was no good (`details.crc`: a wrong checksum): it is counted. */
  fault(error: GatewayError): void;
  /** Something for the topic `hpmq/<gateway>/<device>/<name>`: QoS 0, not retained. */
  publish(name: string, payload: string | Buffer): void;
}

/** How a value comes that is not read. */
export interface Pushed {
  /** false: there is never a value, the point is only written. */
  readonly isExpected: boolean;
  /** Without a value for so long, ms, the last one is stale; undefined: it never is, as of a scanner. */
  readonly staleAfter: number | undefined;
}

/** What a device says that it is. */
export interface Identity {
  /** Where that is from, for people: `function 43/14`. */
  readonly source: string;
  /** In the words of the protocol: `vendorName`, `productCode`, … */
  readonly fields: Readonly<Record<string, string>>;
}

/**
 * Where a point lies, so that neighbours can be read in one exchange.
 * `space` names a table; only spans of the same space are merged. `limit` is the most units one exchange can carry.
 */
export interface Span {
  readonly space: string;
  readonly start: number;
  readonly length: number;
  readonly limit: number;
}

/** What a read costs on the wire of one device, and how much one read may take. Times are without the device's own. */
export interface ReadCosts {
  /** ms that the wire is taken by an exchange beside its units: the bytes around them, silences. */
  readonly exchangeMs: number;
  /** What of it is silence before the next exchange. */
  readonly restMs: number;
  /** ms for the network, the driver and the device to answer, as long as nobody has measured it. */
  readonly latencyMs: number;
  /** ms for one more unit. */
  unitMs(space: string): number;
  /** Most units in one read; the span's own limit holds as well. */
  limit(space: string): number;
  /** Most units in a row that are read though nobody asked for them. 0: none. */
  maxGap(space: string): number;
}

/** The protocol on one open wire. When the wire fails it is disposed, and open() is called again on a new wire. */
export interface Bus<D, A> extends AsyncDisposable {
  /** @param functions - absent: none knows its frames */
  device(config: D, functions?: FrameFunctions): Device<A>;
}

/**
 * Functions that know the frames of one device: `decode` and `encode` of the configuration. What they cannot do is an
 * error that they return, with which values are bad and writes refused; they never throw or reject.
 */
export interface FrameFunctions {
  /** A frame as the adapter took it off the wire → points by their names. Empty: it is none that the function knows. */
  readonly decode: ((frame: Buffer) => Decoded | Promise<Decoded>) | undefined;
  /** A write → frames for the wire, in order. Empty: it is none that the function knows. */
  readonly encode: ((point: string, value: Value) => Encoded | Promise<Encoded>) | undefined;
}

export interface PortContext {
  readonly log: Log;
  readonly clock: Clock;
  /** For timing that depends on the wire (RTU silence). */
  readonly endpoint: Endpoint;
}

/** Device profiles that come with an adapter: YAML texts by name, `vendor/model`. */
export interface ProfileFiles {
  list(): readonly string[];
  /** @returns undefined when there is no such profile */
  profile(name: string): string | undefined;
  /** The recorded exchanges that prove it; undefined when there are none. */
  test(name: string): string | undefined;
}

/** What went over a wire, question and answer, frames as they were. */
export interface Recording {
  /** How the frames are wrapped, in the words of the adapter. An empty request: the device spoke by itself. */
  readonly framing: string;
  readonly exchanges: readonly { readonly request: Buffer; readonly response: Buffer }[];
}

/** A wire without a device: whoever is asked answers from a recording. */
export interface Replay {
  readonly wire: Duplex;
  /** Options of a port that fit the recording, and of the device that was recorded; not parsed yet. */
  readonly port: Readonly<Record<string, unknown>>;
  readonly device: Readonly<Record<string, unknown>>;
  readonly endpoint: Endpoint;
  /** How many of the recorded requests were asked again, byte for byte. */
  repeated(): number;
}

/** Datagrams to and from anywhere. */
export interface Datagrams {
  send(bytes: Buffer, to: Address): void;
  onDatagram(listener: (bytes: Buffer, from: Address) => void): void;
}

/** What a device that was found offers. */
export interface FoundPoint {
  /** A name that it can have in the configuration. */
  readonly name: string;
  /** What the device says of it; may be empty. */
  readonly note: string;
  /** Keys of the point, in the words of the adapter; not parsed yet. */
  readonly address: Readonly<Record<string, unknown>>;
}

export interface FoundDevice extends Address {
  readonly points: readonly FoundPoint[];
}

/** Finds devices that nobody has configured. */
export interface Finder {
  /** Of hosts that do not say. */
  readonly port: number;
  /** Of the ports that devices are reached by. */
  readonly portType: Endpoint['type'];
  /** Multicast groups in which devices listen. */
  readonly groups: readonly Address[];
  /** Until the signal aborts, or the hosts have answered; never rejects. Each device once. */
  find(
    net: Datagrams,
    whom: { readonly hosts: readonly Address[]; readonly groups: readonly Address[] },
    clock: Clock,
    signal: AbortSignal,
  ): Promise<readonly FoundDevice[]>;
}

/** Bytes of one direction, as a wire carried them. */
export interface WireBytes {
  /** Unix µs. */
  readonly at: number;
  /** By the gateway. */
  readonly sent: boolean;
  readonly bytes: Buffer;
}

/** A message of a protocol that was found in them. */
export interface WireMessage {
  /** Unix µs of its last byte. */
  readonly at: number;
  readonly from: 'master' | 'device';
  /** As it was on the wire. */
  readonly bytes: Buffer;
  /** For people: `unit 3 read holding 100 to 103`. */
  readonly text: string;
}

/** Finds the messages of a protocol in what was recorded of a wire, whoever sent them. */
export interface Dissection {
  /** Of the dissector of Wireshark. */
  readonly protocol: string;
  /** The port number by which that tells questions from answers. */
  readonly port: number;
  push(part: WireBytes): readonly WireMessage[];
}

/** What else can be done with the bytes of a wire of this protocol. */
export interface WireTools<P> {
  /** How frames are wrapped, in the words of the adapter: that of {@link Recording}. */
  framing(port: P, endpoint: Endpoint): string;
  /** undefined: nobody knows how. */
  dissect(framing: string): Dissection | undefined;
}

type AnyObject = z.ZodObject;

/** Something wrong in the configuration that one field alone does not show. */
export interface ConfigIssue {
  /** Relative to the port, device or point that was checked; empty: the whole of it. */
  readonly path: readonly string[];
  readonly message: string;
}

/** Fields that contradict one another: what the three schemas cannot say, because they are merged into larger ones. */
export interface AdapterChecks<P, D, A> {
  port?(port: P, endpoint: Endpoint): readonly ConfigIssue[];
  device?(device: D, port: P, endpoint: Endpoint): readonly ConfigIssue[];
  point?(address: A): readonly ConfigIssue[];
  /** What only shows when the device, and the name of the point, are known; not called where `point` found something. */
  pointOf?(address: A, device: D, id: string): readonly ConfigIssue[];
}

/** What a protocol brings. The three schemas are merged flat into the port, device and point of the configuration. */
export interface Adapter<
  P extends AnyObject = AnyObject,
  D extends AnyObject = AnyObject,
  A extends AnyObject = AnyObject,
> {
  /** The word used in `devices.<name>.adapter`. */
  readonly type: string;
  readonly title: string;
  /** Endpoint types this protocol can run on. */
  readonly endpoints: readonly Endpoint['type'][];
  /** How to use the wire. */
  readonly port: P;
  /** `timeout` of a port that does not say, ms; absent: 1 s. */
  readonly timeout?: number;
  /** Which device on it. */
  readonly device: D;
  /** How one point is named, and its raw type. */
  readonly address: A;
  /** Run on parsed configuration, before anything is opened. */
  readonly check?: AdapterChecks<z.output<P>, z.output<D>, z.output<A>>;
  /** Nothing is ever sent on such a port: `undefined`, or why no point on it can be written. */
  listensOnly?(port: z.output<P>): string | undefined;
  /** The raw type can be written and read: `undefined`, or why this point cannot be written. */
  readOnly?(address: z.output<A>): string | undefined;
  /**
   * What the device says for all of its points, folded into the address of one: afterwards it stands for itself. The
   * other methods get addresses that went through this.
   */
  resolve?(address: z.output<A>, device: z.output<D>): z.output<A>;
  /** The device sends the value by itself: it is listened for, and not read at its beat. */
  pushed?(address: z.output<A>, device: z.output<D>, port: z.output<P>): Pushed | undefined;
  /** The address as people read it, in one form whatever it was written in: `holding:100 float32 CDAB`. */
  describe?(address: z.output<A>): string;
  span?(address: z.output<A>): Span;
  /** Device profiles that are shipped with the adapter. */
  readonly profiles?: ProfileFiles;
  /** @throws GatewayError when a frame is not one of this protocol */
  replay?(recording: Recording): Replay;
  readonly finder?: Finder;
  readonly wire?: WireTools<z.output<P>>;
  /** The protocol towards masters of others: `servers` of this type. */
  readonly server?: AnyServerRole;
  /** Absent: a read costs a round trip whatever its length, and takes nothing that nobody asked for. */
  costs?(device: z.output<D>, port: z.output<P>, endpoint: Endpoint): ReadCosts;
  open(wire: Duplex, config: z.output<P>, context: PortContext): Promise<Bus<z.output<D>, z.output<A>>>;
}

/** Any adapter, its schemas' types erased: what the runtime handles. Only parsed configuration may be passed to it. */
// biome-ignore lint/suspicious/noExplicitAny: the three schemas differ per adapter; parsing happened before
export type AnyAdapter = Adapter<any, any, any>;

/** Declares an adapter with its types inferred from the schemas. */
export function defineAdapter<P extends AnyObject, D extends AnyObject, A extends AnyObject>(
  adapter: Adapter<P, D, A>,
): Adapter<P, D, A> {
  return adapter;
}

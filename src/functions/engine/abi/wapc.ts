/**
 * Guests of the waPC kind: they are called through `__guest_call` and fetch what they are asked for themselves. An
 * `on_message` frame goes in and a frame of messages comes out, as of any other function.
 */
import { FunctionTrap, type HostCalls } from '../../../core/function.js';
import type { Guest, WhichGuest } from '../guest.js';
import { FrameReader, FrameWriter } from './frame-io.js';
import type { KnownImport } from './imports.js';
import { decodeResponse, encodeRequest } from './wapc-json.js';

export const wapcImports: Readonly<Record<string, KnownImport>> = {
  __guest_request: { type: '(i32, i32) -> nothing' },
  __guest_response: { type: '(i32, i32) -> nothing' },
  __guest_error: { type: '(i32, i32) -> nothing' },
  __host_call: { type: '(i32, i32, i32, i32, i32, i32, i32, i32) -> i32' },
  __host_response_len: { type: '() -> i32' },
  __host_response: { type: '(i32) -> nothing' },
  __host_error_len: { type: '() -> i32' },
  __host_error: { type: '(i32) -> nothing' },
  __console_log: { type: '(i32, i32) -> nothing' },
};

const FUEL_PER_CALL = 64;
const MAX_TEXT_BYTES = 4096;
const NO_SUCH_OPERATION = Buffer.from('no such operation');

const LOCAL_PUBLISH = Buffer.from('local-publish');
const CLOUD_PUBLISH = Buffer.from('cloud-publish');
const DOWNSTREAM = 1;
const NO_PREVIOUS = 0xffff_ffff;

/** What lies between host and guest during a call. */
export interface WapcCalls {
  readonly functions: WebAssembly.ModuleImports;
  operation: Uint8Array;
  request: Uint8Array;
  response: Buffer | undefined;
  error: string | undefined;
  /** Bytes that a response may have. */
  mostBytes: number;
}

export function wapcFunctions(which: WhichGuest, host: HostCalls): WapcCalls {
  const calls: WapcCalls = {
    operation: LOCAL_PUBLISH,
    request: NO_SUCH_OPERATION,
    response: undefined,
    error: undefined,
    mostBytes: 0,
    functions: {
      __guest_request(operation: number, request: number): void {
        const guest = which();
        guest.charge(FUEL_PER_CALL + (calls.request.length >>> 6));
        guest.view(operation, calls.operation.length).set(calls.operation);
        guest.view(request, calls.request.length).set(calls.request);
      },
      __guest_response(pointer: number, length: number): void {
        const guest = which();
        guest.charge(FUEL_PER_CALL + (length >>> 6));
        const bytes = length >>> 0;
        // A byte takes up to four characters, and there is a little around them.
        if (bytes > calls.mostBytes * 4 + MAX_TEXT_BYTES) {
          throw new FunctionTrap(
            'output',
            `it gave ${bytes} bytes of JSON; at most ${calls.mostBytes} bytes are allowed`,
          );
        }
        calls.response = Buffer.from(guest.view(pointer, length));
      },
      __guest_error(pointer: number, length: number): void {
        const guest = which();
        guest.charge(FUEL_PER_CALL);
        calls.error = guest.text(pointer, Math.min(length >>> 0, MAX_TEXT_BYTES));
      },
      __host_call(): number {
        which().charge(FUEL_PER_CALL);
        return 0;
      },
      __host_response_len: () => 0,
      __host_response: () => {},
      __host_error_len: () => NO_SUCH_OPERATION.length,
      __host_error(pointer: number): void {
        const guest = which();
        guest.charge(FUEL_PER_CALL);
        guest.view(pointer, NO_SUCH_OPERATION.length).set(NO_SUCH_OPERATION);
      },
      __console_log(pointer: number, length: number): void {
        const guest = which();
        guest.chargeEffect(0);
        host.log(1, guest.text(pointer, Math.min(length >>> 0, MAX_TEXT_BYTES)));
      },
    },
  };
  return calls;
}

type GuestCall = (operationLength: number, requestLength: number) => number;

const writer = new FrameWriter();

/**
 * @param frame - as encodeMessageInput() makes it
 * @returns one message with QoS, retain and properties of the input; undefined: it is discarded
 */
export function callWapc(guest: Guest, calls: WapcCalls, frame: Buffer, mostBytes: number): Buffer | undefined {
  const reader = new FrameReader(frame);
  const flags = reader.u8();
  const topic = reader.str();
  const payload = reader.bytes();
  const propertiesStart = reader.at;
  skipProperties(reader);
  const propertiesEnd = reader.at;
  reader.raw(reader.u16());
  const previousLength = reader.u32();
  const previous = previousLength === NO_PREVIOUS ? undefined : reader.raw(previousLength);
  calls.operation = reader.u8() === DOWNSTREAM ? CLOUD_PUBLISH : LOCAL_PUBLISH;
  calls.request = encodeRequest(topic, payload, previous);
  calls.response = undefined;
  calls.error = undefined;
  calls.mostBytes = mostBytes;
  const isDone = (guest.exports.__guest_call as GuestCall)(calls.operation.length, calls.request.length);
  if (isDone === 0)
    throw new FunctionTrap('refused', `the function refused its input: ${calls.error ?? 'no reason given'}`);
  if (calls.response === undefined)
    throw new FunctionTrap('output', 'the function said that it is done and gave nothing');
  const transmit = decodeResponse(calls.response);
  if (transmit === undefined) return undefined;
  if (transmit.payload.length > mostBytes) {
    throw new FunctionTrap('output', `it gave ${transmit.payload.length} bytes; at most ${mostBytes} are allowed`);
  }
  if (transmit.topic.length > 0xffff) throw new FunctionTrap('output', 'it gave a topic of more than 65,535 bytes');
  writer.begin().u16(1).u8(flags).u16(transmit.topic.length).raw(transmit.topic);
  return Buffer.from(writer.bytes(transmit.payload).raw(frame.subarray(propertiesStart, propertiesEnd)).end());
}

function skipProperties(reader: FrameReader): void {
  for (let left = reader.u16(); left > 0; left--) {
    reader.u8();
    reader.raw(reader.u16());
    reader.raw(reader.u32());
  }
}

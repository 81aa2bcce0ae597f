/**
 * Block-wise transfer (RFC 7959): one request and one response, whatever their size.
 *
 *   request body ─▶ Block1, Block1, … ─▶ response, Block2 ─▶ Block2, Block2, … ─▶ whole
 */
import { coapError } from '../errors.js';
import { Code, classOf, type Message, NO_PAYLOAD, type Option } from '../message/message.js';
import {
  type Block,
  blockBytes,
  blockOf,
  blockOption,
  OptionNumber,
  optionOf,
  uintOption,
} from '../message/options.js';
import type { Request, Requests } from './requests.js';

export interface TransferLimits {
  /** Largest block that we ask for and send. */
  readonly szx: number;
  /** Largest representation that is put together. */
  readonly maxBytes: number;
}

/** A resource that changes while its blocks are fetched is begun anew so often. */
const MAX_RESTARTS = 3;

/**
 * @returns the response with its whole payload; options are those of its first block
 * @throws as {@link Requests.exchange}; COAP_TOO_LARGE, COAP_CHANGING, COAP_BAD_MESSAGE
 */
export async function transfer(
  requests: Requests,
  request: Request,
  limits: TransferLimits,
  signal: AbortSignal,
): Promise<Message> {
  for (let attempt = 0; ; attempt++) {
    const first = await send(requests, request, limits, signal);
    const whole = await fetchRest(requests, request, first, limits, signal);
    if (whole !== undefined) return whole;
    if (attempt === MAX_RESTARTS) {
      throw coapError('COAP_CHANGING', `${request.name} changed ${attempt + 1} times while it was read`, {
        details: { request: request.name },
      });
    }
  }
}

/** The request body, in blocks where it needs some. @returns the first block of the response */
async function send(
  requests: Requests,
  request: Request,
  { szx: largest }: TransferLimits,
  signal: AbortSignal,
): Promise<Message> {
  let szx = largest;
  let restarts = 0;
  let offset = 0;
  let isBlockwise = request.payload.length > blockBytes(szx);
  for (;;) {
    const bytes = isBlockwise ? blockBytes(szx) : request.payload.length;
    const payload = request.payload.subarray(offset, offset + bytes);
    const more = offset + payload.length < request.payload.length;
    const options = [...request.options, ...preferred(largest)];
    if (isBlockwise) {
      options.push(blockOption(OptionNumber.BLOCK1, { number: offset / blockBytes(szx), more, szx }));
      if (offset === 0) options.push(uintOption(OptionNumber.SIZE1, request.payload.length));
    }
    const response = await requests.exchange({ ...request, options, payload }, signal);
    const block = blockOf(response, OptionNumber.BLOCK1);
    if (block === 'bad') throw badBlock(request);
    if (response.code === Code.REQUEST_ENTITY_TOO_LARGE && block !== undefined && block.szx < szx && offset === 0) {
      // §2.9.3: as much as it says it can take.
      isBlockwise = true;
      szx = block.szx;
      continue;
    }
    if (response.code === Code.REQUEST_ENTITY_INCOMPLETE && isBlockwise && restarts++ < MAX_RESTARTS) {
      offset = 0;
      continue;
    }
    if (!more || classOf(response.code) !== 2) return response;
    offset += payload.length;
    // §2.5: the server may want smaller blocks from now on; what it took it keeps.
    if (block !== undefined && block.szx < szx) szx = block.szx;
  }
}

/** §2.4: a client that wants smaller blocks says so with its first request. */
function preferred(szx: number): readonly Option[] {
  return szx < 6 ? [blockOption(OptionNumber.BLOCK2, { number: 0, more: false, szx })] : [];
}

/**
 * The blocks behind the first.
 *
 * @param request - what was asked; of an observation: the request without Observe
 * @returns undefined when the representation changed meanwhile
 */
export async function fetchRest(
  requests: Requests,
  request: Request,
  first: Message,
  { szx: largest, maxBytes }: TransferLimits,
  signal: AbortSignal,
): Promise<Message | undefined> {
  const start = blockOf(first, OptionNumber.BLOCK2);
  if (start === undefined || (start !== 'bad' && start.number === 0 && !start.more)) {
    if (first.payload.length > maxBytes) throw tooLarge(request, first.payload.length, maxBytes);
    return first;
  }
  if (start === 'bad' || start.number !== 0) throw badBlock(request);
  const etag = optionOf(first, OptionNumber.ETAG);
  const parts: Buffer[] = [];
  let received = 0;
  let szx = Math.min(start.szx, largest);
  let block: Block = start;
  let part = first;
  for (;;) {
    const isWhole = part.payload.length === blockBytes(block.szx);
    if (block.more ? !isWhole : part.payload.length > blockBytes(block.szx)) throw badBlock(request);
    parts.push(part.payload);
    received += part.payload.length;
    if (received > maxBytes) throw tooLarge(request, received, maxBytes);
    if (!block.more) return { ...first, payload: Buffer.concat(parts) };
    const number = received / blockBytes(szx);
    part = await requests.exchange(following(request, { number, more: false, szx }), signal);
    if (part.code !== first.code) {
      if (part.code === Code.REQUEST_ENTITY_INCOMPLETE || part.code === Code.NOT_FOUND) return undefined;
      return classOf(part.code) === 2 ? undefined : part;
    }
    if (!sameBytes(etag, optionOf(part, OptionNumber.ETAG))) return undefined;
    const next = blockOf(part, OptionNumber.BLOCK2);
    // A representation that has become shorter than one block.
    if (next === undefined) return undefined;
    if (next === 'bad' || next.szx > szx || next.number * blockBytes(next.szx) !== received) throw badBlock(request);
    block = next;
    szx = next.szx;
  }
}

/** Options that concern the first block alone. */
const FIRST_ONLY: readonly number[] = [
  OptionNumber.OBSERVE,
  OptionNumber.ETAG,
  OptionNumber.BLOCK2,
  OptionNumber.CONTENT_FORMAT,
];

function following(request: Request, block: Block): Request {
  const { token: _, ...rest } = request;
  // RFC 8132 §2.2: the body of FETCH is part of what is asked, and comes with every block.
  const isFetch = request.code === Code.FETCH;
  const options = request.options.filter(
    ({ number }) => !FIRST_ONLY.includes(number) || (isFetch && number === OptionNumber.CONTENT_FORMAT),
  );
  return {
    ...rest,
    options: [...options, blockOption(OptionNumber.BLOCK2, block)],
    payload: isFetch ? request.payload : NO_PAYLOAD,
  };
}

function sameBytes(a: Buffer | undefined, b: Buffer | undefined): boolean {
  return a === undefined || b === undefined ? a === b : a.equals(b);
}

function badBlock({ name }: Request) {
  return coapError('COAP_BAD_MESSAGE', `${name} was answered with blocks that do not fit together`, {
    details: { request: name },
  });
}

function tooLarge({ name }: Request, bytes: number, maxBytes: number) {
  return coapError('COAP_TOO_LARGE', `${name} has more than ${maxBytes} bytes (${bytes} so far)`, {
    details: { request: name, maxBytes },
  });
}

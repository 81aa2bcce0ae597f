/** Parses an event stream (WHATWG HTML § Server-sent events): fields `event` and `data`, comments skipped. */
import type { GatewayEvent } from './contract.js';
import { apiError } from './errors.js';

/** A snapshot of a large gateway has some MB; more without an end is not ours. */
const MAX_EVENT_CHARS = 64_000_000;

/** Yields one event per block; kinds that this version does not know are yielded too. */
export async function* parseEvents(chunks: AsyncIterable<string>): AsyncIterable<GatewayEvent> {
  let pending: string[] = [];
  let chars = 0;
  let kind = '';
  let data = '';
  for await (const chunk of chunks) {
    const lines = chunk.split('\n');
    const last = lines.pop()!;
    for (const line of lines) {
      const text = pending.length === 0 ? line : pending.join('') + line;
      pending = [];
      chars = 0;
      if (text === '') {
        if (data !== '') yield { kind, data: parseData(data) } as GatewayEvent;
        kind = '';
        data = '';
      } else if (text.startsWith('event: ')) kind = text.slice('event: '.length);
      else if (text.startsWith('data: ')) data += text.slice('data: '.length);
    }
    if (last !== '') {
      pending.push(last);
      chars += last.length;
      if (chars > MAX_EVENT_CHARS)
        throw apiError('GATEWAY_BAD_ANSWER', `an event has more than ${MAX_EVENT_CHARS} characters`);
    }
  }
}

function parseData(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw apiError('GATEWAY_BAD_ANSWER', 'an event is not JSON', { cause });
  }
}

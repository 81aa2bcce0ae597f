/** Which functions a message has been through, so that no function sees what came of its own output. In memory alone. */
import type { Message } from '../core/message.js';

/** Calls of functions that one message may come of. */
export const MAX_DEPTH = 8;

/** The functions passed, the last first. */
export interface Chain {
  readonly name: string;
  readonly before: Chain | undefined;
  readonly depth: number;
}

const chains = new WeakMap<Message, Chain>();

/** undefined: it was in no function. */
export function chainOf(message: Message): Chain | undefined {
  return chains.get(message);
}

export function extend(chain: Chain | undefined, name: string): Chain {
  return { name, before: chain, depth: chain === undefined ? 1 : chain.depth + 1 };
}

export function setChain(message: Message, chain: Chain): void {
  chains.set(message, chain);
}

export function hasPassed(chain: Chain | undefined, name: string): boolean {
  for (let one = chain; one !== undefined; one = one.before) if (one.name === name) return true;
  return false;
}

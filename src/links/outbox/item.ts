/** One message on its way out. */
import type { StoredDelivery } from '../../core/store.js';

/** Of a label: the four lowest bits are the priority, the others the slot of the topic. */
const PRIORITY_BITS = 4;
export const PRIORITY_MASK = 2 ** PRIORITY_BITS - 1;
/** Topics that share a slot keep the order of each other, too: nothing worse comes of it. */
const SLOTS = 2 ** 25;

export function labelOf(priority: number, slot: number): number {
  return (slot << PRIORITY_BITS) | priority;
}

export function priorityOf(label: number): number {
  return label & PRIORITY_MASK;
}

export function slotOf(label: number): number {
  return label >>> PRIORITY_BITS;
}

/** Slot of what must stay in order: messages of one topic that go to one target (FNV-1a). */
export function slotOfTopic(topic: string, tag: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < topic.length; i++) hash = Math.imul(hash ^ topic.charCodeAt(i), 0x01000193);
  for (let i = 0; i < tag.length; i++) hash = Math.imul(hash ^ tag.charCodeAt(i), 0x01000193);
  return (hash ^ (hash >>> 25)) & (SLOTS - 1);
}

export interface Item {
  readonly stored: StoredDelivery;
  /** It has waited for the far side: it was accepted before this connection, or lay on disk. */
  isBacklog: boolean;
  /** It may have been sent before, under its identifier. */
  wasSent: boolean;
  /** How often the far side asked to come back later. */
  attempts: number;
  /** It is not in the store any more: its batch could not be written. */
  isLost: boolean;
}

export function itemOf(stored: StoredDelivery, isBacklog: boolean): Item {
  return { stored, isBacklog, wasSent: false, attempts: 0, isLost: false };
}

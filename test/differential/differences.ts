/**
 * Where Debian's mosquitto (2.0.11) and HPMQ differ: each class with the clause that decides it and who is right by it.
 * Clauses of MQTT 5.0 unless 3.1.1 is named. What canonical.ts leaves out of the comparison is in `freedoms`.
 */

import { choices } from './choices.js';
import type { Difference } from './compare.js';
import { refusals } from './refusals.js';

export interface Entry {
  readonly clause: string;
  /** Who does as the clause says; both: it leaves the choice. */
  readonly verdict: 'ours' | 'mosquitto' | 'both';
  readonly why: string;
  /** Both brokers are in the same state after it: the sequence is compared further. */
  readonly goesOn?: boolean;
  readonly when: (difference: Difference) => boolean;
}

/** Not compared, because either broker may do as it likes. */
export const freedoms: readonly { readonly clause: string; readonly what: string }[] = [
  {
    clause: '§3.2.2.3',
    what: 'limits that CONNACK announces, the text of an assigned Client Identifier, Response Information',
  },
  { clause: '§4.6', what: 'the order of messages of different topics or of different QoS' },
  { clause: '[MQTT-3.8.4-1] ff.', what: 'whether PUBLISH packets come before or after SUBACK' },
  {
    clause: '[MQTT-3.3.4-2]',
    what: 'one copy for overlapping subscriptions or one each: the highest QoS and all identifiers count',
  },
  { clause: '§3.3.2.3.4', what: 'Topic Aliases towards the client' },
  { clause: '[MQTT-2.2.1-4]', what: 'the Packet Identifiers that the broker chooses' },
  { clause: '§3.4.2.1', what: 'PUBACK and PUBREC with 0x10 (no matching subscribers) or 0x00' },
  {
    clause: '§3.6.2.1, §3.7.2.1',
    what: 'PUBREL and PUBCOMP with 0x92 for a Packet Identifier that is not known (mosquitto says 0x00 always)',
  },
  { clause: '§3.2.2.3.9 and alike', what: 'Reason Strings and User Properties of answers' },
  { clause: '§3.3.2.3.3', what: 'the second in which the remaining Message Expiry Interval is counted' },
];

export const entries: readonly Entry[] = [...refusals, ...choices];

export function entryOf(difference: Difference): Entry | undefined {
  // What ours sends must be a packet that a server may send, whatever it is about.
  if (difference.ours.some((shape) => shape.startsWith('FAULT'))) return undefined;
  const find = (one: Difference) => entries.find((entry) => entry.when(one));
  return find(difference) ?? find(withoutUnsuback(difference));
}

/** What else there is beside an UNSUBACK that says 0x11 where mosquitto says 0x00, a class of its own. */
function withoutUnsuback(difference: Difference): Difference {
  const { ours, theirs } = difference;
  if (!ours.some((shape) => /^UNSUBACK.* 11/.test(shape))) return difference;
  const isOther = (shape: string) => !shape.startsWith('UNSUBACK');
  return { ...difference, ours: ours.filter(isOther), theirs: theirs.filter(isOther) };
}

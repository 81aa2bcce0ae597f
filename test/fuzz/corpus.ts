/** Valid packets of all types and versions, to be mutated. */
import { Draft, namesOf } from '../differential/generate.js';
import { type Kind, packet, wrongPacket } from '../differential/wrong-packets.js';
import { acknowledgement, auth, connect, type Version } from '../support/mqtt-writer.js';
import type { Choice } from '../support/random.js';

const EACH = 400;
const KINDS: readonly (readonly [weight: number, kind: Kind])[] = [
  [34, 'PUBLISH'],
  [22, 'SUBSCRIBE'],
  [7, 'UNSUBSCRIBE'],
  [5, 'DISCONNECT'],
  [3, 'PINGREQ'],
  [6, 'PUBACK'],
  [6, 'PUBREC'],
  [8, 'PUBREL'],
  [6, 'PUBCOMP'],
];

export interface Corpus {
  readonly connects: readonly Buffer[];
  /** What a connected client sends. */
  readonly packets: readonly Buffer[];
}

/** @param method - Authentication Method that the broker offers */
export function corpus(choice: Choice, version: Version, method: string): Corpus {
  const names = namesOf('z', true);
  const draft = new Draft(choice, names);
  const clientIds = Array.from({ length: 40 }, (_, index) => `z-${index}`);
  const connects = Array.from({ length: EACH }, () => {
    const clientId = choice.pick(clientIds);
    if (version === 5 && choice.chance(0.12)) {
      return connect({
        version,
        clientId,
        properties: [
          [0x15, method],
          [0x16, choice.pick(['go', 'ask', 'no'])],
          [0x11, 10],
        ],
      });
    }
    return packet(draft, version, 'CONNECT', clientId);
  });
  const packets = Array.from({ length: EACH * 4 }, () => {
    if (version === 5 && choice.chance(0.04)) {
      const data = choice.pick(['go', 'ask', 'no']);
      return auth(choice.pick([0x18, 0x19]), [
        [0x15, method],
        [0x16, data],
      ]);
    }
    // The broker's own identifiers start at 1: these meet them.
    if (choice.chance(0.1)) {
      return acknowledgement(choice.pick(['PUBACK', 'PUBREC', 'PUBCOMP'] as const), 1 + choice.below(20));
    }
    const kind = choice.weighted(KINDS);
    return choice.chance(0.93) ? packet(draft, version, kind, '') : wrongPacket(draft, version, kind, '');
  });
  return { connects, packets };
}

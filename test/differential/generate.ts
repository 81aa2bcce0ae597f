/** Seeded scenarios: mostly right packets, wrong ones of each kind we know of, and mutated bytes. */
import type * as mqtt from '../support/mqtt-writer.js';
import { Choice } from '../support/random.js';
import { mutate } from './mutate.js';
import { type Scenario, SLOTS, type Step } from './scenario.js';
import { packet, wrongPacket } from './wrong-packets.js';

export interface Names {
  readonly prefix: string;
  readonly isGlobal: boolean;
  readonly clientIds: readonly string[];
  /** Topic Names, all with the prefix. */
  readonly topics: readonly string[];
  readonly filters: readonly string[];
}

/** Payloads and Packet Identifiers of one scenario. */
export class Draft {
  readonly choice: Choice;
  readonly names: Names;
  #payloads = 0;

  constructor(choice: Choice, names: Names) {
    this.choice = choice;
    this.names = names;
  }

  /** Told apart, so that copies of one message are seen as such. */
  payload(): string {
    return `m${++this.#payloads}`;
  }

  id(): number {
    return this.choice.weighted([
      [12, this.choice.below(4) + 1],
      [1, 0xffff],
      [1, 1 + this.choice.below(0xffff)],
    ]);
  }
}

export function generate(seed: number, index: number): Scenario {
  const choice = new Choice(Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b));
  const isGlobal = choice.chance(0.01);
  const prefix = choice.name(9);
  const names = namesOf(prefix, isGlobal);
  const draft = new Draft(choice, names);
  const slots = choice.weighted([
    [35, 1],
    [45, 2],
    [20, 3],
  ]);
  const steps: Step[] = [];
  const isOpen = [false, false, false];
  const versions: mqtt.Version[] = [4, 4, 4];
  const isWordy = choice.chance(0.3);
  const length = 3 + choice.below(isWordy ? 14 : 8);
  // Pairs of clients that talk to each other need both of them there, early.
  for (let slot = 0; slot < slots; slot++) open(slot);
  while (steps.length < length + slots) {
    const slot = choice.below(slots);
    if (!isOpen[slot]) open(slot);
    else if (choice.chance(0.06)) {
      steps.push({ does: 'cut', slot });
      isOpen[slot] = false;
    } else send(slot);
  }
  return { index, prefix, steps, isAutomatic: Array.from({ length: SLOTS }, () => choice.chance(0.7)), isGlobal };

  function open(slot: number): void {
    const version = choice.weighted<mqtt.Version>([
      [8, 3],
      [34, 4],
      [58, 5],
    ]);
    versions[slot] = version;
    const others = choice.chance(0.1) ? choice.pick(names.clientIds) : undefined;
    const clientId = others ?? names.clientIds[slot]!;
    const right = packet(draft, version, 'CONNECT', clientId);
    const isWrong = choice.chance(0.14);
    const bytes = !isWrong
      ? right
      : choice.chance(0.5)
        ? wrongPacket(draft, version, 'CONNECT', clientId)
        : mutate(choice, right);
    isOpen[slot] = !isWrong || choice.chance(0.3);
    steps.push({ does: 'open', slot, bytes });
  }

  function send(slot: number): void {
    const version = versions[slot]!;
    if (choice.chance(0.12)) {
      steps.push({
        does: 'reply',
        slot,
        reply: choice.weighted([
          [8, 'right'],
          [1, 'PUBACK'],
          [1, 'PUBREC'],
          [1, 'PUBCOMP'],
        ]),
        which: choice.weighted([
          [4, 0],
          [1, 1],
        ]),
        code: choice.weighted([
          [6, undefined],
          [1, 0],
          [1, 0x80],
          [1, 0x10],
        ]),
      });
      return;
    }
    const kind = choice.weighted([
      [34, 'PUBLISH'],
      [26, 'SUBSCRIBE'],
      [6, 'UNSUBSCRIBE'],
      [6, 'DISCONNECT'],
      [2, 'PINGREQ'],
      [2, 'PUBACK'],
      [2, 'PUBREC'],
      [6, 'PUBREL'],
      [2, 'PUBCOMP'],
    ] as const);
    const how = choice.random();
    if (how < 0.78) {
      const bytes = packet(draft, version, kind, '');
      if (kind === 'DISCONNECT') isOpen[slot] = false;
      // Cut in two: the broker must wait for the rest. Or several at once.
      if (choice.chance(0.03)) {
        const at = 1 + choice.below(bytes.length - 1);
        steps.push(
          { does: 'send', slot, bytes: bytes.subarray(0, at) },
          { does: 'send', slot, bytes: bytes.subarray(at) },
        );
      } else if (choice.chance(0.06)) {
        const more = Array.from({ length: 1 + choice.below(3) }, () =>
          packet(draft, version, choice.pick(['PUBLISH', 'SUBSCRIBE', 'PINGREQ'] as const), ''),
        );
        steps.push({ does: 'send', slot, bytes: Buffer.concat([bytes, ...more]) });
      } else steps.push({ does: 'send', slot, bytes });
      return;
    }
    const bytes = how < 0.89 ? wrongPacket(draft, version, kind, '') : mutate(choice, packet(draft, version, kind, ''));
    steps.push({ does: 'send', slot, bytes });
    // Often refused, and then the next is skipped; now and then we see whether the broker goes on.
    if (choice.chance(0.6)) isOpen[slot] = false;
  }
}

export function namesOf(prefix: string, isGlobal: boolean): Names {
  return {
    prefix,
    isGlobal,
    clientIds: [`${prefix}-1`, `${prefix}-2`, `${prefix}-3`],
    topics: topics(prefix),
    filters: isGlobal ? [...filters(prefix), '#', '+/#', '+/a', '+', '+/+/+'] : filters(prefix),
  };
}

function topics(prefix: string): string[] {
  return [
    `${prefix}/a`,
    `${prefix}/a`,
    `${prefix}/a/b`,
    `${prefix}/b`,
    `${prefix}//b`,
    `${prefix}/a/`,
    `/${prefix}/a`,
    `${prefix}/a b/é€𝄞`,
    `$${prefix}/a`,
    prefix,
  ];
}

function filters(prefix: string): string[] {
  const plain = [
    `${prefix}/a`,
    `${prefix}/#`,
    `${prefix}/+`,
    `${prefix}/+/b`,
    `${prefix}/a/#`,
    `${prefix}/a/+`,
    `/${prefix}/a`,
    `${prefix}/+/+`,
    `${prefix}//#`,
    `$${prefix}/#`,
    `${prefix}/a b/+`,
    prefix,
  ];
  return [...plain, ...plain, `$share/g/${prefix}/a`, `$share/g/${prefix}/#`, `$share/${prefix}/${prefix}/+`];
}

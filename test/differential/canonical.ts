/**
 * What a client saw, in a form in which two brokers can be compared: without what each may choose freely. What is left out
 * and why is in differences.ts (`freedoms`).
 */

import type { Value } from '../support/mqtt-writer.js';
import type { ServerPacket } from '../support/server-packets.js';
import type { SlotView, StepView } from './player.js';
import { SLOTS } from './scenario.js';

/** One thing that was seen. */
export interface Token {
  /** In full, for comparing. */
  readonly text: string;
  /** Without names and values, for signatures. */
  readonly shape: string;
}

interface Copy {
  readonly key: string;
  readonly flags: string;
  isRetained: boolean;
  readonly properties: string;
  readonly shape: string;
  qos: number;
  readonly identifiers: Set<number>;
}

/** Follows one scenario on one broker: names given to Packet Identifiers, aliases. */
export class Canonical {
  /** By slot: Packet Identifier of the broker → the message it was used for last. */
  readonly #messages = Array.from({ length: SLOTS }, () => new Map<number, string>());
  readonly #aliases = Array.from({ length: SLOTS }, () => new Map<number, string>());
  readonly #prefix: string;
  readonly #wasClosed = new Array<boolean>(SLOTS).fill(true);

  /** @param prefix - in all names of the scenario: messages of others, which global filters bring, do not count */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** @param opened - the slot that got a new connection in this step */
  step(view: StepView, opened: number | undefined): Token[][] {
    return view.map((slot, index) => {
      if (index === opened) {
        this.#wasClosed[index] = false;
        this.#aliases[index]!.clear();
      }
      return this.#slot(slot, index);
    });
  }

  #slot(view: SlotView, slot: number): Token[] {
    const tokens: Token[] = [];
    const copies = new Map<string, Copy>();
    const releases = new Map<string, Token>();
    for (const packet of view.packets) {
      if (packet.fault !== undefined) tokens.push({ text: `FAULT ${packet.fault}`, shape: `FAULT ${packet.fault}` });
      if (packet.name === 'PUBLISH') this.#message(packet, slot, copies);
      else if (packet.name === 'PUBREL') this.#release(packet, slot, releases);
      else tokens.push(this.#control(packet));
    }
    if (view.isBroken) tokens.push({ text: 'FAULT stream', shape: 'FAULT stream' });
    const messages = [...copies.values()].map((copy): Token => {
      const identifiers = [...copy.identifiers].sort((a, b) => a - b).join(',');
      const flags = `q${copy.qos} ${copy.isRetained ? 'r1' : 'r0'}${copy.flags === 'dup' ? ' dup' : ''}`;
      const text = `PUBLISH ${flags} ${copy.key} ids(${identifiers}) ${copy.properties}`;
      return {
        text,
        shape: `PUBLISH ${flags}${copy.identifiers.size > 0 ? ' ids' : ''}${copy.shape}`,
      };
    });
    // Stable: messages of one topic and QoS stay in their order.
    messages.sort((a, b) => compare(orderKey(a.text), orderKey(b.text)));
    tokens.push(...messages, ...[...releases.values()].sort((a, b) => compare(a.text, b.text)));
    if (view.isClosed && !this.#wasClosed[slot]) tokens.push({ text: 'closed', shape: 'closed' });
    this.#wasClosed[slot] = view.isClosed;
    return tokens;
  }

  #message(packet: ServerPacket, slot: number, copies: Map<string, Copy>): void {
    const aliases = this.#aliases[slot]!;
    const alias = packet.properties.get('topicAlias') as number | undefined;
    if (alias !== undefined && packet.topic !== '') aliases.set(alias, packet.topic);
    const topic = packet.topic === '' && alias !== undefined ? (aliases.get(alias) ?? '?') : packet.topic;
    const key = `${JSON.stringify(topic)} ${packet.payload.toString('latin1')}`;
    if (packet.id > 0) this.#messages[slot]!.set(packet.id, key);
    if (!key.includes(this.#prefix)) return;
    const flags = packet.dup ? 'dup' : 'new';
    const properties: string[] = [];
    const names: string[] = [];
    for (const [name, value] of packet.properties) {
      if (name === 'topicAlias' || name === 'subscriptionIdentifier') continue;
      names.push(name);
      properties.push(`${name}=${propertyText(name, value)}`);
    }
    const copy = {
      key,
      flags,
      isRetained: packet.retain,
      properties: properties.sort().join(' '),
      shape: names.length > 0 ? ` {${names.sort().join(' ')}}` : '',
      qos: packet.qos,
      identifiers: new Set((packet.properties.get('subscriptionIdentifier') as number[] | undefined) ?? []),
    };
    const place = `${key} ${flags} ${copy.properties}`;
    const known = copies.get(place);
    if (known === undefined) {
      copies.set(place, copy);
      return;
    }
    known.qos = Math.max(known.qos, copy.qos);
    known.isRetained ||= copy.isRetained;
    for (const identifier of copy.identifiers) known.identifiers.add(identifier);
  }

  #release({ id }: ServerPacket, slot: number, releases: Map<string, Token>): void {
    const message = this.#messages[slot]!.get(id);
    if (message !== undefined && !message.includes(this.#prefix)) return;
    const text = `PUBREL ${message ?? id}`;
    releases.set(text, { text, shape: 'PUBREL' });
  }

  #control(packet: ServerPacket): Token {
    const { name, id, codes } = packet;
    const hex = hexadecimal(codes);
    switch (name) {
      case 'CONNACK': {
        const assigned = packet.properties.has('assignedClientIdentifier') ? ' assigned' : '';
        const text = `CONNACK ${hex}${packet.sessionPresent ? ' present' : ''}${assigned}`;
        return { text, shape: text };
      }
      case 'PUBACK':
      case 'PUBREC': {
        const code = hex === '10' ? '00' : hex;
        return { text: `${name} ${id} ${code}`, shape: `${name} ${code}` };
      }
      case 'PUBCOMP':
        return { text: `PUBCOMP ${id}`, shape: 'PUBCOMP' };
      case 'SUBACK':
      case 'UNSUBACK':
        return { text: `${name} ${id} ${hex}`, shape: `${name} ${hex}` };
      default:
        return { text: `${name} ${hex}`, shape: `${name}${hex === '' ? '' : ` ${hex}`}` };
    }
  }
}

function propertyText(name: string, value: Value | Value[]): string {
  // What is left of it depends on the second in which it was sent.
  if (name === 'messageExpiryInterval') return String(Math.ceil((value as number) / 100) * 100);
  return Buffer.isBuffer(value) ? value.toString('hex') : JSON.stringify(value);
}

function hexadecimal(codes: readonly number[]): string {
  return codes.map((code) => code.toString(16).padStart(2, '0')).join(' ');
}

function orderKey(text: string): string {
  const [, qos] = text.split(' ', 2);
  return `${text.slice(text.indexOf('"'), text.lastIndexOf('"'))} ${qos}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Differences about wrong packets: the connection must end, and how it is said. */
import type { Difference } from './compare.js';
import type { Entry } from './differences.js';

/** packet, fault, clause, the Reason Codes that fit in 5.0, what is wrong. */
type Row = readonly [packet: RegExp, fault: RegExp, clause: string, codes: readonly string[], what: string];

const ANY = /./;
const MALFORMED = ['81'];
const PROTOCOL = ['82'];
const EITHER = ['81', '82'];

const rows: readonly Row[] = [
  [ANY, /^flags$/, '[MQTT-2.1.3-1], 3.1.1 [MQTT-2.2.2-2]', MALFORMED, 'reserved flag bits of the fixed header'],
  [ANY, /^type-reserved$/, '§2.1.2, 3.1.1 §4.8', EITHER, 'the reserved packet type'],
  [ANY, /^only-a-server-sends-it$/, '§2.1.2 (direction of flow), §4.13', EITHER, 'a packet that only a server sends'],
  [ANY, /^before-CONNECT$/, '[MQTT-3.1.0-1]', EITHER, 'another packet before CONNECT'],
  [/^CONNECT$/, /^second-CONNECT$/, '[MQTT-3.1.0-2]', PROTOCOL, 'a second CONNECT'],
  [ANY, /^remaining-length-too-long$/, '§1.5.5, §2.1.4', EITHER, 'a Remaining Length of more than four bytes'],
  [ANY, /^too-large$/, '[MQTT-3.2.2-15]', ['95', ...EITHER], 'a packet larger than was announced'],
  [ANY, /^short$/, '§4.13.1, 3.1.1 [MQTT-4.8.0-1]', MALFORMED, 'a packet that ends before its fields'],
  [ANY, /^trailing$/, '§4.13.1, 3.1.1 [MQTT-4.8.0-1]', MALFORMED, 'bytes behind the last field'],
  [ANY, /^utf8$/, '[MQTT-1.5.4-1]', MALFORMED, 'a string that is not UTF-8'],
  [ANY, /^utf8-nul$/, '[MQTT-1.5.4-2]', MALFORMED, 'a string with U+0000'],
  [
    ANY,
    /^variable-byte-integer-not-shortest$/,
    '[MQTT-1.5.5-1]',
    MALFORMED,
    'a Variable Byte Integer longer than needed',
  ],
  [ANY, /^variable-byte-integer-too-long$/, '§1.5.5', MALFORMED, 'a Variable Byte Integer of more than four bytes'],
  [ANY, /^property-length$/, '§2.2.2.1, §4.13.1', EITHER, 'a Property Length that does not fit'],
  [ANY, /^property-unknown$/, '§2.2.2.2', MALFORMED, 'a property that does not exist'],
  [
    /^PUBLISH$/,
    /^property-misplaced-subscriptionIdentifier$/,
    '[MQTT-3.3.4-6]',
    EITHER,
    'a Subscription Identifier from a client',
  ],
  [ANY, /^property-misplaced-/, '§2.2.2.2', EITHER, 'a property that this packet may not carry'],
  [ANY, /^property-twice-/, '§3.1.2.11, §3.3.2.3, §3.8.2.1: once only', PROTOCOL, 'a property given twice'],
  [ANY, /^property-zero-topicAlias$/, '[MQTT-3.3.2-8]', ['94', ...EITHER], 'Topic Alias 0'],
  [ANY, /^property-zero-/, '§3.1.2.11.3, §3.1.2.11.4, §3.8.2.1.2', PROTOCOL, 'a property that must not be 0'],
  [ANY, /^property-not-a-flag-/, '§3.1.2.11.6, §3.1.2.11.7, §3.3.2.3.2', EITHER, 'a property that is neither 0 nor 1'],
  [/^PUBLISH$/, /^qos3$/, '[MQTT-3.3.1-4]', EITHER, 'QoS 3'],
  [/^PUBLISH$/, /^dup-qos0$/, '[MQTT-3.3.1-2]', EITHER, 'DUP with QoS 0'],
  [
    /^PUBLISH$/,
    /^topic-(wildcard|empty)$/,
    '[MQTT-3.3.2-2], [MQTT-4.7.3-1]',
    ['90', ...EITHER],
    'a Topic Name that is none',
  ],
  [
    /^PUBLISH$/,
    /^response-topic-/,
    '[MQTT-3.3.2-14], [MQTT-4.7.3-1]',
    ['90', ...EITHER],
    'a Response Topic that is no Topic Name',
  ],
  [/^PUBLISH$/, /^alias-too-big$/, '[MQTT-3.3.2-9]', ['94'], 'a Topic Alias above the maximum'],
  [/^PUBLISH$/, /^alias-not-set$/, '§3.3.2.3.4, §3.3.4', ['94', '82'], 'a Topic Alias that was not set'],
  [ANY, /^id-zero$/, '[MQTT-2.2.1-3], 3.1.1 [MQTT-2.3.1-1]', EITHER, 'Packet Identifier 0'],
  [/^SUBSCRIBE$/, /^no-filter$/, '[MQTT-3.8.3-2], 3.1.1 [MQTT-3.8.3-3]', EITHER, 'SUBSCRIBE without a Topic Filter'],
  [/^UNSUBSCRIBE$/, /^no-filter$/, '[MQTT-3.10.3-2]', EITHER, 'UNSUBSCRIBE without a Topic Filter'],
  [
    /^SUBSCRIBE$/,
    /^(qos3|options-reserved|retain-handling-3)$/,
    '[MQTT-3.8.3-5], §3.8.3.1',
    EITHER,
    'subscription options that do not exist',
  ],
  [/^SUBSCRIBE$/, /^share-no-local$/, '[MQTT-3.8.3-4]', PROTOCOL, 'No Local on a shared subscription'],
  [
    ANY,
    /^reason-code-unknown$/,
    '[MQTT-3.4.2-1], [MQTT-3.14.2-1], [MQTT-3.15.2-1] and alike',
    EITHER,
    'a Reason Code that this packet has not',
  ],
  [
    /^AUTH$/,
    /^(no-method-agreed|not-in-this-version)$/,
    '§3.15, [MQTT-4.12.0-6]',
    EITHER,
    'AUTH without an Authentication Method',
  ],
  [
    /^DISCONNECT$/,
    /^expiry-raised-from-zero$/,
    '§3.14.2.2.2',
    PROTOCOL,
    'a Session Expiry Interval in DISCONNECT after none in CONNECT',
  ],
  [
    /^CONNECT$/,
    /^protocol-name$/,
    '[MQTT-3.1.2-1], 3.1.1 [MQTT-3.1.2-1]',
    ['84', '01', ...EITHER],
    'a Protocol Name that is none',
  ],
  [
    /^CONNECT$/,
    /^level$/,
    '[MQTT-3.1.2-2], 3.1.1 [MQTT-3.1.2-2]',
    ['84', '01'],
    'a Protocol Version that does not exist',
  ],
  [
    /^CONNECT$/,
    /^bridge$/,
    '§3.1.2.2',
    ['84', '90', '01', '02', '05', ...EITHER],
    'a CONNECT of a bridge (a custom of mosquitto) that is wrong',
  ],
  [/^CONNECT$/, /^connect-flag-reserved$/, '[MQTT-3.1.2-3]', MALFORMED, 'the reserved connect flag'],
  [
    /^CONNECT$/,
    /^will-flags-without-will$/,
    '[MQTT-3.1.2-11], [MQTT-3.1.2-13]',
    EITHER,
    'Will QoS or Will Retain without a Will',
  ],
  [/^CONNECT$/, /^will-qos3$/, '[MQTT-3.1.2-12]', MALFORMED, 'Will QoS 3'],
  [
    /^CONNECT$/,
    /^(will|response)-topic-/,
    '[MQTT-3.1.3-11], [MQTT-4.7.0-1], [MQTT-4.7.3-1]',
    ['90', '05', ...EITHER],
    'a Will Topic or Response Topic that is no Topic Name',
  ],
  [/^CONNECT$/, /^password-without-username$/, '3.1.1 [MQTT-3.1.2-22]', EITHER, 'a password without a user name'],
  [
    /^CONNECT$/,
    /^client-id-empty$/,
    '3.1.1 [MQTT-3.1.3-8]',
    ['02'],
    'an empty Client Identifier that may not be empty',
  ],
  [
    /^CONNECT$/,
    /^authentication-data-without-method$/,
    '§3.1.2.11.10',
    PROTOCOL,
    'Authentication Data without a method',
  ],
  [/^CONNECT$/, /^method-unknown$/, '[MQTT-4.12.0-1]', ['8c'], 'an Authentication Method that is not offered'],
];

/** Ours ended the connection with a code that fits, or without a word where the version has none. */
function isRightlyEnded(difference: Difference, codes: readonly string[]): boolean {
  if (!difference.isEnded.ours || difference.seenBy !== 'self') return false;
  return difference.ours.every((shape) => {
    const [, code] = /^(?:DISCONNECT|CONNACK) (\w\w)$/.exec(shape) ?? [];
    return shape === 'closed' || (code !== undefined && codes.includes(code));
  });
}

export const refusals: readonly Entry[] = rows.flatMap(([packet, fault, clause, codes, what]): Entry[] => {
  const isMeant = (difference: Difference, fitting: readonly string[]) =>
    packet.test(difference.packet) && fault.test(difference.fault) && isRightlyEnded(difference, fitting);
  return [
    {
      clause,
      verdict: 'ours',
      why: `${what} ends the connection; mosquitto takes it`,
      when: (difference) => isMeant(difference, codes) && !difference.isEnded.theirs,
    },
    {
      clause: `${clause}; §4.13.1`,
      verdict: 'both',
      why: `${what}: both end the connection, the last packet is a choice (SHOULD), and so is its code`,
      // A packet may be wrong in more than one way: which one is named is not laid down.
      goesOn: true,
      when: (difference) => isMeant(difference, [...codes, ...EITHER]) && difference.isEnded.theirs,
    },
  ];
});

/** Differences about packets that are right, or whose refusal is no matter of course. */
import type { Difference } from './compare.js';
import type { Entry } from './differences.js';

/** Every shape is one of these. */
const only = (shapes: readonly string[], pattern: RegExp) => shapes.every((shape) => pattern.test(shape));
const is = (difference: Difference, packet: string, ...faults: string[]) =>
  difference.packet === packet && faults.includes(difference.fault);

/** What may come where a filter is refused by itself: its answer, the end of the connection for another reason, messages. */
const REFUSED_IN_5 = /^SUBACK( 0[012]| 8f)+$|^UNSUBACK( 00| 11| 8f)+$|^(DISCONNECT|PUB|closed|PINGRESP)/;
const REFUSED_BEFORE_5 = /^SUBACK( 0[012]| 80)+$|^UNSUBACK $|^(PUB|closed|PINGRESP)/;

export const choices: readonly Entry[] = [
  {
    clause: '[MQTT-3.1.4-3]',
    verdict: 'ours',
    why: 'a 5.0 client whose session is taken over is told so with 0x8E; mosquitto only closes',
    goesOn: true,
    when: ({ packet, seenBy, ours, theirs, isEnded }) =>
      packet === 'CONNECT' &&
      seenBy === 'other' &&
      only(ours, /^DISCONNECT 8e$/) &&
      theirs.length === 0 &&
      isEnded.ours &&
      isEnded.theirs,
  },
  {
    clause: '§4.13.1',
    verdict: 'both',
    why: 'a packet that is wrong from its first byte is refused at once; mosquitto waits for the rest of it',
    when: ({ facts, fault, seenBy, ours, isEnded }) =>
      fault === 'incomplete' &&
      seenBy === 'self' &&
      isEnded.ours &&
      only(
        ours,
        facts.has('qos2-among-others') || facts.has('subscribed-again')
          ? /^(DISCONNECT|closed|UNSUBACK|PUB)/
          : /^(DISCONNECT|CONNACK|closed|UNSUBACK)/,
      ),
  },
  {
    clause: '§4.13.1',
    verdict: 'both',
    why: 'the rest of a packet is what the client acknowledges with meanwhile: what that makes is wrong from its first byte, as above',
    when: ({ story, ours, theirs, isEnded }) =>
      story.some((words) => words.endsWith(' incomplete')) &&
      isEnded.ours &&
      only(ours, isEnded.theirs ? /^(DISCONNECT|closed|SUBACK|UNSUBACK|PUBACK|PUBREC)/ : /^(DISCONNECT|closed)/) &&
      only(theirs, /^(PUBCOMP|DISCONNECT 8[12]|closed)/),
  },
  {
    clause: '§3.9.3, [MQTT-4.7.1-1], [MQTT-4.7.3-1], [MQTT-4.8.2-1]; 3.1.1 §3.9.3',
    verdict: 'both',
    why: 'a Topic Filter that is wrong is refused by itself (0x8F, 0x80; UNSUBACK before 5.0 has no code); mosquitto ends the connection',
    when: (difference) =>
      (is(
        difference,
        'SUBSCRIBE',
        'filter-wildcard',
        'filter-empty',
        'filter-levels',
        'share-malformed',
        'share-before-5',
      ) ||
        is(
          difference,
          'UNSUBSCRIBE',
          'filter-wildcard',
          'filter-empty',
          'filter-levels',
          'share-malformed',
          'share-before-5',
        )) &&
      difference.ours.some((shape) => /^(UNS|S)UBACK/.test(shape)) &&
      only(difference.ours, difference.version === 5 ? REFUSED_IN_5 : REFUSED_BEFORE_5) &&
      difference.isEnded.theirs,
  },
  {
    clause: '3.1.1 §3.9.3',
    verdict: 'both',
    why: 'shared subscriptions are of 5.0: before it they are refused with 0x80; mosquitto grants them',
    when: (difference) =>
      is(difference, 'SUBSCRIBE', 'share-before-5') && difference.ours.some((shape) => /^SUBACK.* 80/.test(shape)),
  },
  {
    clause: '[MQTT-4.8.2-1], [MQTT-4.8.2-2]',
    verdict: 'ours',
    why: 'a shared subscription without a ShareName or filter is refused with 0x8F; mosquitto takes some of them',
    when: (difference) =>
      (is(difference, 'SUBSCRIBE', 'share-malformed') || is(difference, 'UNSUBSCRIBE', 'share-malformed')) &&
      difference.ours.some((shape) => /^(UNS|S)UBACK.* 8f/.test(shape)),
  },
  {
    clause: '§3.3.2.1, 3.1.1 §3.3.5',
    verdict: 'both',
    why: 'a Topic Name of more than 200 levels is refused by its acknowledgement, or dropped; mosquitto ends the connection',
    when: (difference) =>
      is(difference, 'PUBLISH', 'topic-levels') &&
      !difference.isEnded.ours &&
      difference.isEnded.theirs &&
      only(difference.ours, difference.version === 5 ? /^PUB(ACK|REC) 90$/ : /^PUB(ACK|REC) 00$|^PUBCOMP$/),
  },
  {
    clause: '§1.5.4 (SHOULD NOT, MAY)',
    verdict: 'both',
    why: 'a string with control characters or non-characters is taken; mosquitto treats it as malformed',
    when: ({ fault, isEnded }) => fault === 'discouraged-characters' && isEnded.theirs,
  },
  {
    clause: '§3.11.3',
    verdict: 'ours',
    why: 'a Topic Filter that was not subscribed to gets 0x11; mosquitto says 0x00 when it never knew the filter',
    goesOn: true,
    when: ({ ours, theirs }) =>
      ours.some((shape) => /^UNSUBACK.* 11/.test(shape)) &&
      only(ours, /^UNSUBACK [01 ]*$|^DISCONNECT (94|8[12])$/) &&
      only(theirs, /^UNSUBACK [0 ]*$|^DISCONNECT 8[12]$/),
  },
  {
    clause: '§3.8.4, §4.8.2',
    verdict: 'ours',
    why: 'a shared subscription brings no retained messages; mosquitto sends them',
    when: ({ facts, ours, theirs }) =>
      facts.has('share') &&
      theirs.some((shape) => /^PUBLISH q\d r1/.test(shape)) &&
      only([...ours, ...theirs], /^(PUBLISH q|PUBREL|closed|order)/),
  },
  {
    clause: '[MQTT-3.3.4-2], 3.1.1 [MQTT-3.3.5-1]',
    verdict: 'ours',
    why: 'overlapping subscriptions: the highest QoS of all that match; mosquitto takes the first it finds for a client before 5.0',
    when: ({ ours, theirs }) => {
      const messages = ours.filter((shape) => shape.startsWith('PUBLISH'));
      const others = theirs.filter((shape) => shape.startsWith('PUBLISH'));
      return (
        only([...ours, ...theirs], /^PUBL|^PUBREL/) &&
        messages.length === others.length &&
        messages.every((shape, index) => shape[9]! > others[index]![9]! && shape.slice(10) === others[index]!.slice(10))
      );
    },
  },
  {
    clause: '[MQTT-3.1.2-24]',
    verdict: 'both',
    why: 'a CONNACK that the Maximum Packet Size of the client leaves room for; that of mosquitto announces more, does not fit, and it closes',
    when: (difference) =>
      is(difference, 'CONNECT', 'ok') &&
      difference.isEnded.theirs &&
      difference.facts.has('small-packets') &&
      only(difference.ours, /^CONNACK 00/),
  },
  {
    clause: '§4.13.1',
    verdict: 'both',
    why: 'an acknowledgement that does not fit the state of the message: both end the connection, the last packet is a choice',
    goesOn: true,
    when: ({ packet, cause, seenBy, ours, theirs, isEnded }) =>
      (/^PUB(ACK|REC|REL|COMP)$/.test(packet) || cause.startsWith('reply')) &&
      seenBy === 'self' &&
      isEnded.ours &&
      isEnded.theirs &&
      only(ours, /^DISCONNECT 82$/) &&
      theirs.length === 0,
  },
  {
    clause: '[MQTT-3.3.4-2], §2.2.1',
    verdict: 'both',
    why: 'copies for overlapping subscriptions have Packet Identifiers of their own: an acknowledgement that nobody asked for meets one of them with mosquitto',
    when: ({ story, cause, isEnded }) =>
      cause.startsWith('reply') &&
      isEnded.theirs &&
      !isEnded.ours &&
      story.some((words) => /^\d PUB(REC|COMP|ACK) ok$|^reply PUB/.test(words)),
  },
  {
    clause: '§4.13.1',
    verdict: 'both',
    why: 'several wrong packets in one write: mosquitto ends the connection at the first, ours at the first that leaves no other way',
    goesOn: true,
    when: ({ facts, seenBy, ours, theirs, isEnded }) =>
      facts.has('several-faults') &&
      seenBy === 'self' &&
      isEnded.ours &&
      isEnded.theirs &&
      only([...ours, ...theirs], /^(CONNACK|PUBACK|PUBREC|PUBCOMP|SUBACK|UNSUBACK|DISCONNECT)/),
  },
  {
    clause: '§3.3.2.3.2',
    verdict: 'ours',
    why: 'a Payload Format Indicator above 1 is refused; mosquitto takes it and hands it on to whoever subscribes',
    when: ({ theirs }) => theirs.some((shape) => /^FAULT PUBLISH: property-not-a-flag-payloadFormat/.test(shape)),
  },
  {
    clause: '[MQTT-3.1.0-2], [MQTT-3.1.2-8]',
    verdict: 'ours',
    why: 'a second CONNECT ends the connection, and the Will is published; mosquitto forgets it',
    when: ({ story, ours, theirs }) =>
      story.some((words) => / CONNECT (second-CONNECT|flags)$/.test(words)) &&
      ours.length > 0 &&
      isAboutMessages(ours, theirs),
  },
  {
    clause: '§4.13.1, [MQTT-3.3.4-2]',
    verdict: 'both',
    why: 'an acknowledgement by hand meets another message, for the brokers have sent them in another order or QoS, as above',
    when: ({ facts, cause, isEnded }) =>
      cause.startsWith('reply') &&
      isEnded.ours !== isEnded.theirs &&
      (facts.has('subscribed-again') || facts.has('qos2-among-others')),
  },
  {
    clause: '[MQTT-4.3.3-10]',
    verdict: 'ours',
    why: 'a QoS 2 PUBLISH with a Packet Identifier not yet released is the same message; mosquitto takes it for another',
    when: ({ facts, ours, theirs }) => facts.has('qos2-id-in-use') && isAboutMessages(ours, theirs),
  },
  {
    clause: '§4.3.3 (Figure 4.3)',
    verdict: 'both',
    why: 'a QoS 2 message goes on when it arrives; with mosquitto when it is released, so that what came between has been done',
    when: ({ facts, cause, ours, theirs }) =>
      facts.has('qos2-among-others') &&
      (cause.startsWith('reply') ||
        ours[0] === 'order' ||
        only([...ours, ...theirs], /^(PUBLISH q|PUBREL|PUBCOMP|closed|DISCONNECT (9[45]|8[12]))/)),
  },
  {
    clause: '[MQTT-3.1.2-8], [MQTT-3.14.4-3]',
    verdict: 'ours',
    why: 'only DISCONNECT with 0x00 discards the Will; mosquitto sends it with 0x04 alone',
    when: ({ facts, ours, theirs }) =>
      facts.has('will-and-failure-code') && ours.length > 0 && isAboutMessages(ours, theirs),
  },
  {
    clause: '[MQTT-3.1.3-9]',
    verdict: 'ours',
    why: 'a Will that is delayed is sent when its session ends, by Clean Start or because it has no expiry; mosquitto drops it',
    when: ({ facts, ours, theirs }) =>
      facts.has('will-delayed') && ours.length > 0 && theirs.length === 0 && isAboutMessages(ours, theirs),
  },
  {
    clause: '[MQTT-3.1.2-8], [MQTT-3.1.4-3]',
    verdict: 'ours',
    why: 'a session taken over: its Will is published, to that session too once it has its new connection; mosquitto sends it to the old connection, or not at all',
    when: ({ facts, ours, theirs }) =>
      facts.has('will-and-take-over') && only([...ours, ...theirs], /^(PUBLISH q|PUBREL|DISCONNECT 8e)/),
  },
  {
    clause: '[MQTT-3.8.4-3]',
    verdict: 'ours',
    why: 'a Topic Filter subscribed again has the new options; mosquitto keeps No Local and Retain As Published, or serves the old one as well',
    when: ({ facts, ours, theirs }) => facts.has('subscribed-again') && isAboutMessages(ours, theirs),
  },
  {
    clause: '§3.8.3.1',
    verdict: 'ours',
    why: 'a shared subscription and one of its own with the same filter are two: Retain Handling 1 counts them apart',
    when: ({ facts, ours, theirs }) =>
      facts.has('share') && theirs.length === 0 && ours.length > 0 && only(ours, /^(PUBLISH q\d r1|PUBREL)/),
  },
  {
    clause: '§4.13.1, [MQTT-3.8.4-5]',
    verdict: 'ours',
    why: 'a SUBSCRIBE that is found wrong half way subscribes to nothing; mosquitto keeps its first filters',
    when: ({ story, ours, theirs }) =>
      story.some((words) => /SUBSCRIBE (?!ok)/.test(words)) && theirs.length > 0 && isAboutMessages(ours, theirs),
  },
  {
    clause: '§4.13.1, §4.1',
    verdict: 'ours',
    why: 'a packet that is refused ends the connection, not the session; mosquitto has done what it found in DISCONNECT or a second CONNECT before',
    when: ({ story, packet, ours, theirs }) =>
      packet === 'CONNECT' &&
      story.some((words) => /^\d \S+ (?!ok)/.test(words)) &&
      ours.includes('CONNACK 00 present') &&
      only(theirs, /^CONNACK 00$/),
  },
  {
    clause: '[MQTT-3.3.4-2], [MQTT-3.3.4-9]',
    verdict: 'both',
    why: 'copies for overlapping subscriptions take room in the Receive Maximum of the client: with mosquitto later messages wait',
    when: ({ facts, ours, theirs }) => facts.has('small-window') && isAboutMessages(ours, theirs),
  },
];

function isAboutMessages(ours: readonly string[], theirs: readonly string[]): boolean {
  return only([...ours, ...theirs], /^(PUBLISH q|PUBREL|order)/);
}

/**
 * Capture files for Wireshark (pcapng, draft-ietf-opsawg-pcapng). Messages stand in exported PDUs that name their dissector
 * and port numbers: no setting is needed to see them as what they are, whatever wire they were on.
 */

export interface CapturedMessage {
  /** Unix µs. */
  readonly at: number;
  readonly isQuestion: boolean;
  readonly bytes: Buffer;
  readonly comment?: string;
}

const SECTION_HEADER = 0x0a0d0d0a;
const BYTE_ORDER = 0x1a2b3c4d;
const INTERFACE_DESCRIPTION = 1;
const ENHANCED_PACKET = 6;
/** LINKTYPE_WIRESHARK_UPPER_PDU */
const UPPER_PDU = 252;
const OPT_COMMENT = 1;
const IF_NAME = 2;
const IF_TSRESOL = 9;
/** wsutil/exported_pdu_tlvs.h */
const TAG = {
  dissector: 12,
  ipv4Source: 20,
  ipv4Destination: 21,
  portType: 24,
  sourcePort: 25,
  destinationPort: 26,
} as const;
const PORT_TYPE_TCP = 2;
/** Of whoever asks; any that is not the port of the protocol. */
const CLIENT_PORT = 50_000;
const CLIENT = Buffer.from([192, 0, 2, 1]);
const DEVICE = Buffer.from([192, 0, 2, 2]);

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}

function block(type: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const length = u32(body.length + 12);
  return Buffer.concat([u32(type), length, body, length]);
}

function option(code: number, value: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16LE(code);
  head.writeUInt16LE(value.length, 2);
  return Buffer.concat([head, padded(value)]);
}

const END_OF_OPTIONS = Buffer.alloc(4);

/** @param name - of the port that was recorded */
export function captureHead(name: string, program: string): Buffer {
  const section = Buffer.alloc(16);
  section.writeUInt32LE(BYTE_ORDER);
  section.writeUInt16LE(1, 4);
  section.writeBigInt64LE(-1n, 8);
  const link = Buffer.alloc(8);
  link.writeUInt16LE(UPPER_PDU);
  return Buffer.concat([
    block(SECTION_HEADER, section, option(4, Buffer.from(program)), END_OF_OPTIONS),
    block(
      INTERFACE_DESCRIPTION,
      link,
      option(IF_NAME, Buffer.from(name)),
      option(IF_TSRESOL, Buffer.of(6)),
      END_OF_OPTIONS,
    ),
  ]);
}

function tag(code: number, value: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16BE(code);
  const body = padded(value);
  head.writeUInt16BE(body.length, 2);
  return Buffer.concat([head, body]);
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** @param dissector - of Wireshark; @param port - of the protocol */
export function captureMessage(
  { at, isQuestion, bytes, comment }: CapturedMessage,
  dissector: string,
  port: number,
): Buffer {
  const packet = Buffer.concat([
    tag(TAG.dissector, Buffer.from(dissector)),
    tag(TAG.ipv4Source, isQuestion ? CLIENT : DEVICE),
    tag(TAG.ipv4Destination, isQuestion ? DEVICE : CLIENT),
    tag(TAG.portType, number(PORT_TYPE_TCP)),
    tag(TAG.sourcePort, number(isQuestion ? CLIENT_PORT : port)),
    tag(TAG.destinationPort, number(isQuestion ? port : CLIENT_PORT)),
    Buffer.alloc(4),
    bytes,
  ]);
  return block(
    ENHANCED_PACKET,
    u32(0),
    u32(Math.floor(at / 2 ** 32)),
    u32(at % 2 ** 32),
    u32(packet.length),
    u32(packet.length),
    padded(packet),
    ...(comment === undefined ? [] : [option(OPT_COMMENT, Buffer.from(comment)), END_OF_OPTIONS]),
  );
}

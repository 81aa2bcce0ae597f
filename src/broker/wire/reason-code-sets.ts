/** The Reason Codes a client may send in each packet (MQTT 5.0 §2.4 and the table of each packet). */

const publishAnswers: ReadonlySet<number> = new Set([0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99]);
const releaseAnswers: ReadonlySet<number> = new Set([0x00, 0x92]);

export const allowedReasonCodes = {
  puback: publishAnswers,
  pubrec: publishAnswers,
  pubrel: releaseAnswers,
  pubcomp: releaseAnswers,
  disconnect: new Set([
    0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99,
  ]) as ReadonlySet<number>,
  /** Success is for the server to say. */
  auth: new Set([0x18, 0x19]) as ReadonlySet<number>,
} as const;

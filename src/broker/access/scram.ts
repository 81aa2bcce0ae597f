/**
 * SCRAM-SHA-256 (RFC 5802, RFC 7677) as MQTT 5.0 §4.12 carries it: the password itself never travels.
 *
 *   client-first   n,,n=anna,r=<nonce>             CONNECT
 *   server-first   r=<nonce…>,s=<salt>,i=<count>   AUTH 0x18
 *   client-final   c=biws,r=<nonce…>,p=<proof>     AUTH 0x18
 *   server-final   v=<signature>                   CONNACK, or AUTH 0x00
 *
 * Rules: somebody who does not exist gets a salt, too, the same at each try; one exchange has one proof.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { hmac, type ScramCredentials, sha256 } from '../../core/scram.js';
import { ReasonCode, Refusal } from '../reason-codes.js';

const NONCE_BYTES = 24;
/** Longer ones are not looked at, bytes. */
const MAX_MESSAGE = 4_096;
const PROOF_BYTES = 32;

const malformed = new Refusal(ReasonCode.protocolError, 'Authentication Data is not a message of SCRAM-SHA-256');
const wrong = new Refusal(ReasonCode.badUserNameOrPassword, 'the user or password is wrong');

export interface ClientFirst {
  readonly user: string;
  readonly nonce: string;
  /** `n,,` */
  readonly gs2Header: string;
  /** client-first-message-bare */
  readonly bare: string;
}

/** RFC 5802 §7. Channel binding is not offered: `n`, or `y` of a client that would. */
export async function parseClientFirst(data: Buffer | undefined): Promise<ClientFirst | Refusal> {
  const text = data === undefined || data.length > MAX_MESSAGE ? '' : data.toString('utf8');
  const found = /^([ny],(?:a=([^,\0]+))?,)(n=([^,\0]+),r=([\x21-\x2b\x2d-\x7e]+)(?:,[^\0]*)?)$/.exec(text);
  if (found === null) return malformed;
  const [, gs2Header = '', authorization, bare = '', name = '', nonce = ''] = found;
  const user = await saslName(name);
  if (user === undefined) return malformed;
  // To act for somebody else is not offered.
  if (authorization !== undefined && (await saslName(authorization)) !== user) return wrong;
  return { user, nonce, gs2Header, bare };
}

/** `=2C` is a comma and `=3D` an equals sign (RFC 5802 §5.1); the rest by SASLprep. */
async function saslName(text: string): Promise<string | undefined> {
  if (/=(?!2C|3D)/.test(text)) return undefined;
  const name = text.replaceAll('=2C', ',').replaceAll('=3D', '=');
  // RFC 4013 leaves these as they are; its tables take 9 MB, which most gateways never need.
  if (/^[\x20-\x7e]+$/.test(name)) return name;
  const { saslprep } = await import('@mongodb-js/saslprep');
  try {
    return saslprep(name) || undefined;
  } catch {
    return undefined;
  }
}

/** The server's half of one exchange, from client-first on. */
export class ScramServer {
  readonly #first: ClientFirst;
  readonly #credentials: ScramCredentials;
  readonly #nonce: string;
  readonly #serverFirst: string;

  /** @param nonce - ours, for the vectors of RFC 7677; a new one when absent */
  constructor(first: ClientFirst, credentials: ScramCredentials, nonce = randomBytes(NONCE_BYTES).toString('base64')) {
    this.#first = first;
    this.#credentials = credentials;
    this.#nonce = first.nonce + nonce;
    const { salt, iterations } = credentials;
    this.#serverFirst = `r=${this.#nonce},s=${salt.toString('base64')},i=${iterations}`;
  }

  get serverFirst(): Buffer {
    return Buffer.from(this.#serverFirst);
  }

  /** @returns server-final */
  finish(data: Buffer | undefined): Buffer | Refusal {
    const text = data === undefined || data.length > MAX_MESSAGE ? '' : data.toString('utf8');
    const found = /^(c=([A-Za-z0-9+/]+={0,2}),r=([\x21-\x2b\x2d-\x7e]+)(?:,[^\0]*)?),p=([A-Za-z0-9+/]+={0,2})$/.exec(
      text,
    );
    if (found === null) return malformed;
    const [, withoutProof = '', binding = '', nonce = '', proof = ''] = found;
    const { gs2Header, bare } = this.#first;
    if (binding !== Buffer.from(gs2Header).toString('base64') || nonce !== this.#nonce) return wrong;
    const clientProof = Buffer.from(proof, 'base64');
    if (clientProof.length !== PROOF_BYTES) return wrong;
    const { storedKey, serverKey } = this.#credentials;
    const authMessage = `${bare},${this.#serverFirst},${withoutProof}`;
    const signature = hmac(storedKey, authMessage);
    const clientKey = Buffer.from(clientProof.map((byte, i) => byte ^ signature[i]!));
    if (!timingSafeEqual(sha256(clientKey), storedKey)) return wrong;
    return Buffer.from(`v=${hmac(serverKey, authMessage).toString('base64')}`);
  }
}

/** SSH public keys as they stand in authorized_keys, without options. */

const KINDS = [
  'ssh-ed25519',
  'ssh-rsa',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'sk-ssh-ed25519@openssh.com',
  'sk-ecdsa-sha2-nistp256@openssh.com',
];

const HINT = 'write the one line of a file such as ~/.ssh/id_ed25519.pub';

export interface KeyFault {
  readonly message: string;
  readonly hint: string;
}

/** @returns what is wrong, undefined for a key. Does not show the text: it may be a private key. */
export function publicKeyFault(text: string): KeyFault | undefined {
  if (text.includes('PRIVATE KEY')) {
    return { message: 'this is a private key', hint: 'delete it here: only the .pub file leaves its machine' };
  }
  if (text.length > 16_384 || /[\u0000-\u001f\u007f]/.test(text)) {
    return { message: 'a public key is one line', hint: HINT };
  }
  const [kind = '', base64 = ''] = text.split(' ', 2);
  if (!KINDS.includes(kind)) return { message: 'does not begin with a kind of public key', hint: HINT };
  const bytes = Buffer.from(base64, 'base64');
  // RFC 4253 §6.6: the kind again, as a string with its length before it.
  const length = bytes.length >= 4 ? bytes.readUInt32BE(0) : 0;
  const again = bytes.toString('latin1', 4, 4 + length);
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64) || again !== kind || bytes.length < 4 + length + 32) {
    return { message: `is not a whole ${kind} key`, hint: HINT };
  }
  return undefined;
}

/**
 * Whose images are run. The rule with the longest prefix decides; where there is none, only images of this machine's own
 * registry are: what runs on the way of all messages is not taken from anybody.
 */
import { readFile } from 'node:fs/promises';
import type { FunctionRegistryConfig, TrustConfig } from '../../core/function-config.js';
import { registryError } from './errors.js';
import { isLoopback, nameOf, type Reference } from './reference.js';
import { type ImageSource, type PublicKey, readPublicKey, verifySignatures } from './signature.js';

export interface Trust {
  readonly rule: TrustConfig | undefined;
  /** Without a valid signature it is refused. */
  readonly isRequired: boolean;
}

/** @throws GatewayError FUNCTION_IMAGE_UNTRUSTED when no rule speaks of this registry */
export function trustOf(reference: Reference, { trust }: FunctionRegistryConfig): Trust {
  const name = nameOf(reference);
  const [rule] = trust.filter(({ prefix }) => fits(prefix, name)).sort((a, b) => b.prefix.length - a.prefix.length);
  if (rule !== undefined) return { rule, isRequired: rule.required };
  if (isLoopback(reference.host)) return { rule: undefined, isRequired: false };
  throw registryError('FUNCTION_IMAGE_UNTRUSTED', `nothing says whose signature counts for ${name}`, {
    hint: `add { prefix: ${reference.host}/, keys: [publisher.pub] } to \`functionRegistry.trust\`; required: false takes unsigned images`,
  });
}

/** `host/fn` is for `host/fn` and `host/fn/x`, and not for `host/fnord`. */
function fits(prefix: string, name: string): boolean {
  return name === prefix || name.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`);
}

/** @returns the keys that signed; none: none has to @throws GatewayError */
export async function checkTrust(
  source: ImageSource,
  digest: string,
  { rule, isRequired }: Trust,
): Promise<readonly string[]> {
  if (rule === undefined || rule.keys.length === 0) return [];
  try {
    return await verifySignatures(source, digest, await publicKeys(rule.keys));
  } catch (error) {
    const { code } = error as { code?: string };
    // Unsigned is one thing; signed by somebody else is never taken.
    if (!isRequired && code === 'FUNCTION_IMAGE_UNSIGNED') return [];
    throw error;
  }
}

/** @throws GatewayError FUNCTION_KEY */
export async function publicKeys(files: readonly string[]): Promise<readonly PublicKey[]> {
  return Promise.all(
    files.map(async (file) => {
      const pem = await readFile(file).catch((cause: Error) => {
        throw registryError('FUNCTION_KEY', `cannot read the key ${file}: ${cause.message}`, { cause });
      });
      return readPublicKey(pem, file);
    }),
  );
}

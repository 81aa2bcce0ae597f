/** The `functionRegistry` section: where images of functions come from, and whose signature counts. */
import { z } from 'zod';
import type { FunctionRegistryConfig } from '../core/config.js';
import { type ConfigInputs, fileContent, filePath, secretText } from './io.js';
import { say, shown } from './values.js';

const registryHost = z.string().regex(/^([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:]+\])(:\d{1,5})?$/, {
  error: (issue) =>
    say(`${shown(issue.input)} is not the address of a registry`, 'write host or host:port, without scheme and path'),
});

export function functionRegistrySchema(inputs: ConfigInputs) {
  return z.strictObject({
    trust: z
      .array(
        z
          .strictObject({
            prefix: z.string().min(1).max(512).describe('of image references, such as registry.example.com/fn/'),
            keys: z.array(filePath(inputs)).default([]).describe('PEM files: public keys whose signature counts'),
            required: z.boolean().default(true).describe('images without a valid signature are refused'),
          })
          .superRefine((one, context) => {
            if (!one.required || one.keys.length > 0) return;
            const message = say('requires signatures and has no key', 'add the file of a public key to `keys`');
            context.addIssue({ code: 'custom', path: ['keys'], message });
          }),
      )
      .default([])
      .describe('whose images are run; the longest prefix that fits decides'),
    insecure: z
      .array(registryHost)
      .default([])
      .describe('registries that are spoken to without TLS, such as localhost:5000'),
    auth: z
      .record(
        registryHost,
        z.strictObject({
          username: z.string().min(1).max(256).describe('at that registry'),
          password: secretText(inputs).describe('at that registry'),
        }),
      )
      .default({})
      .describe('user and password by registry'),
    ca: fileContent(inputs)
      .optional()
      .describe('PEM file: authorities whose certificates registries may have, beside the well-known ones'),
  });
}

export type ParsedFunctionRegistry = z.output<ReturnType<typeof functionRegistrySchema>>;

export function toFunctionRegistryConfig(parsed: ParsedFunctionRegistry): FunctionRegistryConfig {
  return { ...parsed, ca: parsed.ca };
}

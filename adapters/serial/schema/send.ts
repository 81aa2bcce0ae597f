/** What is sent, and what has to come back: `poll` of a device or point, `send` of a point. */
import { z } from 'zod';
import { parseTemplate, type Template } from '../template.js';
import { pattern } from './values.js';

export interface Sending {
  readonly template: Template;
  /** Made a frame of, with its checksum; undefined: as the device says. */
  readonly wrap: boolean | undefined;
  /** A frame that is the answer matches this; undefined: any frame. `{address}` in it is that of the device. */
  readonly expect: string | undefined;
  /** A frame that is a refusal matches this. */
  readonly refused: string | undefined;
  /** Nothing comes back. */
  readonly silent: boolean;
}

const text = z.string().min(1).max(1_024);

/** A pattern in which the address of the device may stand. */
const answer = z.string().superRefine((value, context) => {
  const fault = pattern.safeParse(value.replaceAll('{address}', '0')).error?.issues[0]?.message;
  if (fault !== undefined) context.addIssue({ code: 'custom', message: fault });
});

const shape = z
  .strictObject({
    text: text.optional().describe('what is sent; {address} and {value} are filled in'),
    hex: text.optional().describe('the same as hexadecimal digits; numbers as {value:u16be}'),
    wrap: z.boolean().optional().describe('sent as a frame of `frame`, with its checksum'),
    expect: answer.optional().describe('pattern of the frame that is the answer; any frame when absent'),
    refused: answer.optional().describe('pattern of the frame with which the device refuses'),
  })
  .superRefine((one, context) => {
    if ((one.text === undefined) === (one.hex === undefined)) {
      context.addIssue({ code: 'custom', path: [], message: 'say one of text and hex' });
    }
  });

/** @param isSilent - whether no answer is awaited when none is described */
function sending(isSilent: boolean) {
  return z
    .union([text, shape], { error: 'expected a text, or an object with text or hex' })
    .transform((one, context): Sending => {
      const whole = typeof one === 'string' ? { text: one } : one;
      const isHex = whole.hex !== undefined;
      const template = parseTemplate(whole.text ?? whole.hex ?? '', isHex);
      const { wrap, expect, refused } = whole as z.output<typeof shape>;
      if (typeof template === 'string') {
        context.addIssue({
          code: 'custom',
          path: typeof one === 'string' ? [] : [isHex ? 'hex' : 'text'],
          message: template,
        });
        return z.NEVER;
      }
      return { template, wrap, expect, refused, silent: isSilent && expect === undefined && refused === undefined };
    });
}

export const pollSchema = sending(false);
export const sendSchema = sending(true);

/** @returns the pattern with the address of the device in its place */
export function withAddress(expect: string, address: string): string {
  return expect.replaceAll(
    '{address}',
    address.replace(/[^0-9A-Za-z]/g, (character) => `\\${character}`),
  );
}

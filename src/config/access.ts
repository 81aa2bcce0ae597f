/** `broker.auth`: who is let in. */
import { z } from 'zod';

export const auth = z.strictObject({
  anonymous: z
    .boolean()
    .optional()
    .describe('clients need no credentials; true when absent and all listeners are on the loopback interface'),
});

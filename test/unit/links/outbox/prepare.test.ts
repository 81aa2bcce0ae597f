import t from 'tap';
import type { Clock } from '../../../../src/core/clock.js';
import { createMessage } from '../../../../src/core/message.js';
import type { FarSide } from '../../../../src/links/far-side.js';
import type { Item } from '../../../../src/links/outbox/item.js';
import type { Openings } from '../../../../src/links/outbox/openings.js';
import { Preparing } from '../../../../src/links/outbox/prepare.js';
import type { SenderOptions } from '../../../../src/links/outbox/sender-options.js';
import { compileRoutes } from '../../../../src/links/rules.js';
import { outboxConfig } from '../../../support/links.js';

const YEAR = 365 * 86_400_000;

/** A gateway that woke up in 2020 and learned a year later, by its own time at once, what time it is. */
function prepare(maxAge?: number): string {
  const wokeAt = Date.UTC(2020, 0, 1);
  const clock = {
    now: () => wokeAt + YEAR + 1_000,
    rebased: (time: number) => (time < wokeAt + YEAR ? time + YEAR : time),
    corrections: () => [{ from: wokeAt, to: wokeAt + 1_000, offset: YEAR }],
  } as unknown as Clock;
  const preparing = new Preparing(
    {
      clock,
      config: outboxConfig({ maxAge }),
      rules: compileRoutes([{ direction: 'out', filter: '#', to: '{topic}', qos: 1 }], 'g'),
      loops: { outgoing: (_message: unknown, shape: unknown) => shape } as unknown as SenderOptions['loops'],
      protocolVersion: 5,
    },
    { isOpen: () => true } as unknown as Openings,
  );
  const message = createMessage({
    topic: 'a',
    payload: Buffer.from('x'),
    qos: 1,
    origin: 'client:c',
    receivedAt: wokeAt,
    expiresAt: wokeAt + 60_000,
  });
  const far = { refusal: () => undefined, maximumQoS: 2, retainAvailable: true } as unknown as FarSide;
  const item = { stored: { message, share: undefined, sequence: 1 }, isBacklog: false } as unknown as Item;
  const prepared = preparing.prepare(far, item);
  if (prepared.kind === 'send') return `expires in ${prepared.encoded.expiresAt - clock.now()} ms`;
  return prepared.kind === 'abandon' ? prepared.reason : prepared.kind;
}

t.test('what came before the time was known is as old as it is, not as its clock said', async (t) => {
  t.equal(prepare(), 'expires in 59000 ms');
  t.equal(prepare(10_000), 'expires in 59000 ms');
  t.equal(prepare(500), 'too-old');
});

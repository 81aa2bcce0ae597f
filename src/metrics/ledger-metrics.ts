/** The books of the broker. */
import { type Definitions, each } from './definitions.js';

export function defineLedger({ counter, gauge }: Definitions): void {
  const messages = 'ledger_messages';
  const copies = 'ledger_copies';
  counter(
    `${messages}_received_total`,
    'Messages that came in, from clients and from inside the gateway',
    ({ figures }, set) => {
      set(figures.ledger.messages.fromClients, 'clients');
      set(figures.ledger.messages.fromInside, 'inside');
    },
    'from',
  );
  counter(`${messages}_routed_total`, 'Messages that somebody subscribes to', ({ figures }, set) =>
    set(figures.ledger.messages.routed),
  );
  counter(`${messages}_unmatched_total`, 'Messages that nobody subscribes to', ({ figures }, set) =>
    set(figures.ledger.messages.unmatched),
  );
  counter(
    `${messages}_refused_total`,
    'Messages that were refused',
    ({ figures }, set) => each(figures.ledger.messages.refusedBy, set),
    'reason',
  );
  counter(`${messages}_duplicates_total`, 'Messages that came from peers by several ways', ({ figures }, set) =>
    set(figures.ledger.messages.duplicates),
  );
  counter(`${messages}_transformed_total`, 'Messages that were given to functions', ({ figures }, set) =>
    set(figures.ledger.messages.transformed),
  );
  counter(`${messages}_discarded_total`, 'Of these, messages of which nothing came', ({ figures }, set) =>
    set(figures.ledger.messages.discarded),
  );
  counter(`${messages}_made_total`, 'Messages that functions made of them', ({ figures }, set) =>
    set(figures.ledger.messages.made),
  );
  counter(
    `${copies}_made_total`,
    'Copies for receivers',
    ({ figures }, set) => {
      set(figures.ledger.copies.routed, 'routed');
      set(figures.ledger.copies.replayed, 'retained');
    },
    'kind',
  );
  counter(
    `${copies}_delivered_total`,
    'Copies delivered: QoS 0 given to the network, QoS 1 and 2 acknowledged',
    ({ figures }, set) => set(figures.ledger.copies.delivered),
  );
  counter(`${copies}_expired_total`, 'Copies that expired while they waited', ({ figures }, set) =>
    set(figures.ledger.copies.expired),
  );
  gauge(
    `${copies}_waiting`,
    'Copies not delivered yet',
    ({ figures }, set) => {
      set(figures.ledger.copies.inFlight, 'in_flight');
      set(figures.ledger.copies.queued, 'queued');
    },
    'state',
  );
  gauge(
    'ledger_difference',
    '0: the books balance',
    ({ figures }, set) => {
      set(figures.ledger.messages.difference, 'messages');
      set(figures.ledger.copies.difference, 'copies');
    },
    'of',
  );
}

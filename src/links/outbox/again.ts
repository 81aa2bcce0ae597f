/** What was sent over an earlier connection and not acknowledged, or refused for later, in the order in which it was sent. */
import type { Flight } from './flights.js';

export class Again {
  #flights: Flight[] = [];

  get first(): Flight | undefined {
    return this.#flights[0];
  }

  add(flight: Flight): void {
    this.#flights.push(flight);
  }

  shift(): void {
    this.#flights.shift();
  }

  [Symbol.iterator](): Iterator<Flight> {
    return this.#flights[Symbol.iterator]();
  }

  /** The connection ended. @param landed - what was in flight */
  disconnected(landed: readonly Flight[]): void {
    const all = [...landed, ...this.#flights].filter(({ items }) => items.length > 0);
    const isLate = ({ stage, items }: Flight) => stage === 'sent' && items[0]!.attempts > 0;
    this.#flights = all.filter((flight) => !isLate(flight));
    for (const flight of all.filter(isLate)) this.#insert(flight);
  }

  /** The far side asked to come back later. */
  later(flight: Flight): void {
    for (const item of flight.items) item.attempts++;
    this.#insert(flight);
  }

  /** Takes out those for which this holds. */
  take(is: (flight: Flight) => boolean): readonly Flight[] {
    const taken = this.#flights.filter(is);
    this.#flights = this.#flights.filter((flight) => !is(flight));
    return taken;
  }

  /** Where it was before. */
  #insert(flight: Flight): void {
    const sequence = (one: Flight) => one.items[0]!.stored.sequence;
    const at = this.#flights.findIndex((one) => sequence(one) > sequence(flight));
    this.#flights.splice(at < 0 ? this.#flights.length : at, 0, flight);
  }
}

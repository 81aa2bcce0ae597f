/** In which order one end of a link sent its messages, over which connection, and when the other had them. */

interface Sending {
  readonly connection: object;
  readonly at: number;
}

export class Sendings {
  /** One more for each event. */
  #now = 0;
  readonly #sent = new Map<string, Sending[]>();
  readonly #taken = new Map<string, number>();
  readonly #completed = new Map<string, number>();

  /** PUBLISH, or PUBREL, which stands for it. */
  sent(connection: object, name: string): void {
    const sendings = this.#sent.get(name) ?? [];
    this.#sent.set(name, sendings);
    sendings.push({ connection, at: this.#now++ });
  }

  /** PUBACK or PUBREC. */
  taken(name: string): void {
    if (!this.#taken.has(name)) this.#taken.set(name, this.#now++);
  }

  /** PUBACK or PUBCOMP. */
  completed(name: string): void {
    if (!this.#completed.has(name)) this.#completed.set(name, this.#now++);
  }

  /** As long as the message was not taken, it came behind the later one on each connection: who got them could not know better. */
  cameBehind(name: string, later: string): boolean {
    const sendings = this.#before(later, this.#taken.get(name));
    return sendings.length > 0 && sendings.every((sending) => !this.#isAhead(name, sending));
  }

  /** On some connection the later one was sent though the message was not: who sent them was bound to the order. */
  wasOvertaken(name: string, later: string): boolean {
    return this.#before(later, this.#completed.get(name)).some((sending) => !this.#isAhead(name, sending));
  }

  #before(name: string, at = Number.POSITIVE_INFINITY): readonly Sending[] {
    return (this.#sent.get(name) ?? []).filter((sending) => sending.at < at);
  }

  #isAhead(name: string, { connection, at }: Sending): boolean {
    return this.#before(name, at).some((sending) => sending.connection === connection);
  }
}

/**
 * A foreign MQTT client in a process of its own, told by lines on stdin what to do, telling by lines on stdout what happened:
 * `verb key=value key=value …`, values percent-encoded. Spoken by test/peers/paho-client.py and test/peers/paho-client.c.
 */
import type { Test } from 'tap';
import { eventually, type Peer, startPeer } from './peers.js';

/** What the client saw. `user` is a list of `name:value`, in the order of the wire. */
export interface RemoteEvent {
  readonly kind: string;
  readonly user: readonly string[];
  readonly [field: string]: string | readonly string[] | undefined;
}

export type RemoteFields = Readonly<Record<string, string | number | readonly string[] | undefined>>;

export class RemoteClient {
  readonly peer: Peer;
  #taken = 0;
  #events: RemoteEvent[] = [];
  readonly #set = new Set<RemoteEvent>();

  constructor(t: Test, program: string, args: readonly string[]) {
    this.peer = startPeer(t, program, args);
  }

  tell(verb: string, fields: RemoteFields = {}): void {
    const words = Object.entries(fields).flatMap(([key, value]) => {
      if (value === undefined) return [];
      const values = typeof value === 'object' ? value : [String(value)];
      return values.map((one) => `${key}=${encodeURIComponent(one)}`);
    });
    this.peer.write(`${[verb, ...words].join(' ')}\n`);
  }

  /** The next event of this kind that was not handed out yet; others stay. */
  async next(kind: string): Promise<RemoteEvent> {
    const found = await eventually(() => this.#waiting().find((event) => event.kind === kind)).catch(
      (cause: unknown) => {
        const seen = this.peer.stdout().slice(-1_000);
        throw new Error(`no ${kind} from the client; stdout: ${seen} stderr: ${this.peer.stderr().slice(-1_000)}`, {
          cause,
        });
      },
    );
    this.#set.add(found);
    return found;
  }

  /** The next messages, as `topic|payload|q1|r0`. */
  async messages(count: number): Promise<string[]> {
    const seen: string[] = [];
    while (seen.length < count) seen.push(shownMessage(await this.next('message')));
    return seen;
  }

  /** Everything of this kind that was not handed out. */
  left(kind: string): RemoteEvent[] {
    return this.#waiting().filter((event) => event.kind === kind);
  }

  #waiting(): RemoteEvent[] {
    const text = this.peer.stdout();
    const end = text.lastIndexOf('\n') + 1;
    if (end > this.#taken) {
      for (const line of text.slice(this.#taken, end).trim().split('\n')) this.#events.push(eventOf(line));
      this.#taken = end;
    }
    this.#events = this.#events.filter((event) => !this.#set.delete(event));
    return this.#events;
  }
}

export function shownMessage({ topic, payload, qos, retain }: RemoteEvent): string {
  return `${topic}|${payload}|q${qos}|r${retain}`;
}

function eventOf(line: string): RemoteEvent {
  const [kind = '', ...words] = line.split(' ');
  const user: string[] = [];
  const fields: Record<string, string> = {};
  for (const word of words) {
    const at = word.indexOf('=');
    const value = decodeURIComponent(word.slice(at + 1));
    if (word.startsWith('user=')) user.push(value);
    else fields[word.slice(0, at)] = value;
  }
  return { kind, user, ...fields };
}

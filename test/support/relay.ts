/**
 * A network that can be broken: a TCP relay in front of a port of this machine.
 *
 *   near side ─▶ relay ─▶ port     `up` is towards the port, `down` away from it
 */
import { createServer, connect as dial, type Server, type Socket } from 'node:net';

export type Direction = 'up' | 'down';

interface Pair {
  readonly near: Socket;
  readonly far: Socket;
  /** Bytes of it are missing: nothing that comes later may pass. */
  readonly broken: Set<Direction>;
}

export class Relay implements AsyncDisposable {
  readonly #server: Server;
  readonly #target: number;
  readonly #pairs = new Set<Pair>();
  #isRefusing = false;
  #isHolding = false;
  #swallowing: ReadonlySet<Direction> = new Set();
  #tear: Direction | undefined;
  /** Told what an end sends, before anything happens to it. @param connection - the same object for both ends */
  onBytes: ((connection: object, direction: Direction, bytes: Buffer) => void) | undefined;
  onOver: ((connection: object) => void) | undefined;
  /** Connections that were accepted. */
  connections = 0;
  swallowedBytes = 0;

  private constructor(target: number) {
    this.#target = target;
    this.#server = createServer({ pauseOnConnect: true }, (socket) => this.#accept(socket));
  }

  /** @param port - its own; any free one */
  static async open(target: number, port = 0): Promise<Relay> {
    const relay = new Relay(target);
    await new Promise<void>((resolve, reject) => {
      relay.#server.once('error', reject).listen(port, '127.0.0.1', resolve);
    });
    return relay;
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  /** Connections are reset, and so are new ones until {@link pass}. */
  refuse(): void {
    this.#isRefusing = true;
    this.reset();
  }

  /** Connections are reset; new ones pass. */
  reset(): void {
    for (const pair of this.#pairs) this.#break(pair);
  }

  /** The next bytes in this direction arrive by half, then the connection is reset. */
  tear(direction: Direction): void {
    this.#tear = direction;
  }

  /** Nothing passes, nothing is lost: as long as TCP tries again. */
  hold(): void {
    this.#isHolding = true;
    for (const { near, far } of this.#pairs) {
      near.pause();
      far.pause();
    }
  }

  /** A black hole: what goes there is gone. New connections are accepted, and get no answer. */
  swallow(...directions: readonly Direction[]): void {
    this.#swallowing = new Set(directions);
  }

  /** Everything is well again; connections of which bytes are missing are reset. */
  pass(): void {
    this.#isRefusing = false;
    this.#isHolding = false;
    this.#swallowing = new Set();
    this.#tear = undefined;
    for (const pair of this.#pairs) {
      if (pair.broken.size > 0) this.#break(pair);
      else {
        pair.near.resume();
        pair.far.resume();
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.refuse();
    await new Promise<void>((resolve) => void this.#server.close(() => resolve()));
  }

  #accept(near: Socket): void {
    this.connections++;
    near.on('error', () => {});
    if (this.#isRefusing) {
      near.resetAndDestroy();
      return;
    }
    const far = dial({ port: this.#target, host: '127.0.0.1' });
    far.on('error', () => {});
    near.setNoDelay(true);
    far.setNoDelay(true);
    const pair: Pair = { near, far, broken: new Set() };
    this.#pairs.add(pair);
    this.#carry(pair, 'up', near, far);
    this.#carry(pair, 'down', far, near);
    if (this.#isHolding) far.pause();
    else near.resume();
  }

  #carry(pair: Pair, direction: Direction, from: Socket, to: Socket): void {
    from.on('data', (bytes: Buffer) => {
      this.onBytes?.(pair, direction, bytes);
      if (this.#swallowing.has(direction)) pair.broken.add(direction);
      if (pair.broken.has(direction)) {
        this.swallowedBytes += bytes.length;
        return;
      }
      if (this.#tear === direction) {
        this.#tear = undefined;
        to.write(bytes.subarray(0, bytes.length >> 1), () => this.#break(pair));
        pair.broken.add(direction);
        return;
      }
      if (!to.write(bytes)) from.pause();
    });
    to.on('drain', () => {
      if (!this.#isHolding) from.resume();
    });
    from.on('end', () => to.end());
    from.on('close', () => {
      this.#pairs.delete(pair);
      this.onOver?.(pair);
      to.destroySoon();
    });
  }

  #break(pair: Pair): void {
    this.#pairs.delete(pair);
    pair.near.resetAndDestroy();
    pair.far.resetAndDestroy();
  }
}

/**
 * What a link says about itself to everybody here: retained in `hpmq/<gateway>/$link/<name>`, when its state or endpoint
 * changes, and once a minute while its figures do.
 */
import type { Clock, Timer } from '../core/clock.js';
import { createMessage } from '../core/message.js';
import type { Router } from '../core/router.js';
import type { LinkView } from '../core/views.js';

const INTERVAL = 60_000;
/** Changes closer together than this, ms, are told as one. */
const SHORTEST = 250;

export interface AnnouncerOptions {
  readonly gatewayId: string;
  readonly router: Router;
  readonly clock: Clock;
  readonly view: () => LinkView;
  readonly onError: (error: unknown) => void;
}

export class Announcer implements Disposable {
  readonly #o: AnnouncerOptions;
  #last = '';
  #regular: Timer | undefined;
  #soon: Timer | undefined;
  #isOver = false;

  constructor(options: AnnouncerOptions) {
    this.#o = options;
  }

  start(): void {
    this.#tell();
    this.#wait();
  }

  /** State, cause or endpoint may be another. */
  changed(): void {
    if (this.#isOver || this.#soon !== undefined) return;
    this.#soon = this.#o.clock.after(SHORTEST, () => {
      this.#soon = undefined;
      this.#tell();
    });
  }

  /** Says the last word. */
  [Symbol.dispose](): void {
    this.#isOver = true;
    this.#regular?.cancel();
    this.#soon?.cancel();
    this.#tell();
  }

  #wait(): void {
    this.#regular = this.#o.clock.after(INTERVAL, () => {
      this.#tell();
      this.#wait();
    });
  }

  #tell(): void {
    const { gatewayId, router, clock, view, onError } = this.#o;
    const link = view();
    const payload = linkJson(link);
    if (payload === this.#last) return;
    this.#last = payload;
    const stored = router.publish(
      createMessage({
        topic: `hpmq/${gatewayId}/$link/${link.name}`,
        payload,
        qos: 1,
        retain: true,
        origin: `gateway:${gatewayId}`,
        receivedAt: clock.now(),
      }),
    );
    void stored?.catch(onError);
  }
}

/** Without what changes with every look (ages, rates): a payload that says nothing new is not published. */
export function linkJson(link: LinkView): string {
  const { state, since, endpoint, heartbeat, error, queued, dropped, rttMs, connects } = link;
  const cause = error === undefined ? {} : { code: error.code, reason: error.message };
  const rtt = rttMs.p50 === null ? {} : { rttMs };
  const routes = link.routes.map(({ out, in: into }) => ({ ...(out && { out }), ...(into && { in: into }) }));
  const last = link.history.at(-1);
  const lost = last === undefined ? {} : { lost: { at: last.at, code: last.code, endedAt: last.endedAt } };
  return JSON.stringify({
    state,
    since,
    ...cause,
    endpoint,
    heartbeat,
    queued,
    dropped,
    ...rtt,
    connects,
    routes,
    ...lost,
  });
}

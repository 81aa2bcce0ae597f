/** What each route of a link carried since the start, each direction for itself. No allocation per message. */
import type { RouteConfig } from '../core/route-config.js';
import type { LinkRouteView, RouteCountView } from '../core/views.js';
import { filtersOf } from './rules.js';

export class RouteCount {
  #messages = 0;
  #bytes = 0;
  #dropped = 0;
  #refused = 0;

  take(bytes: number): void {
    this.#messages++;
    this.#bytes += bytes;
  }

  drop(): void {
    this.#dropped++;
  }

  refuse(): void {
    this.#refused++;
  }

  view(): RouteCountView {
    return { messages: this.#messages, bytes: this.#bytes, dropped: this.#dropped, refused: this.#refused };
  }
}

export class RouteFigures {
  readonly #routes: readonly RouteConfig[];
  readonly #out: readonly RouteCount[];
  readonly #in: readonly RouteCount[];
  /** Of what takes none of the routes, such as replies. */
  readonly #others = new RouteCount();

  constructor(routes: readonly RouteConfig[]) {
    this.#routes = routes;
    this.#out = routes.map(() => new RouteCount());
    this.#in = routes.map(() => new RouteCount());
  }

  /** @param index - see `OutRoute.index` */
  out(index: number): RouteCount {
    return this.#out[index] ?? this.#others;
  }

  /** @param index - see `InRoute.index` */
  in(index: number): RouteCount {
    return this.#in[index] ?? this.#others;
  }

  view(): readonly LinkRouteView[] {
    return this.#routes.map((route, index) => ({
      direction: route.direction,
      filters: filtersOf(route),
      out: route.direction === 'in' ? null : this.#out[index]!.view(),
      in: route.direction === 'out' ? null : this.#in[index]!.view(),
    }));
  }
}

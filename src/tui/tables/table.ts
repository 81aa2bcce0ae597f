/** What a list screen is made of. The same description draws it, sorts it, filters it and fills its detail pane. */
import type { ErrorView } from '../../core/errors.js';
import type { Column } from '../columns.js';
import type { Filter } from '../filter.js';
import type { Span } from '../spans.js';
import type { Data, Model } from '../state.js';

/** One labelled line of a detail pane; long values are wrapped. */
export interface DetailRow {
  readonly label: string;
  readonly spans: readonly Span[];
}

export interface DetailContext {
  readonly now: number;
  readonly data: Data;
  /** Columns a value has. */
  readonly width: number;
}

export interface TableSpec<T> {
  /** Plural, as the title of the panel says it. */
  readonly noun: string;
  /** What an empty list says. */
  readonly empty: string;
  /** New rows come at the end, and the cursor stays there until it is moved. */
  readonly follows?: boolean;
  /** The filter is applied by items(), not row by row. */
  readonly filtersItself?: boolean;
  columns(model: Model): readonly Column<T>[];
  /** Whatever items() depends on: it is called again when one of them is another object. */
  inputs(model: Model, data: Data): readonly unknown[];
  items(model: Model, data: Data, filter: Filter): readonly T[];
  /** How many there are without the filter, where that is not the number of items. */
  count?(data: Data): number;
  key(item: T): string;
  /** What the filter is matched against. */
  text(item: T): string;
  detail?(item: T, context: DetailContext): readonly DetailRow[];
  problem?(item: T): ErrorView | undefined;
}

/**
 * Times of the week at which something may happen, in local time.
 *
 *   22:00-06:00 · sat,sun · mon-fri 18:00-07:30     a window belongs to the day on which it begins
 *   * 22-23,0-5 * * 1-5                             as in crontab(5): open in each minute that fits
 */

export interface Schedule {
  /** @param now - Unix ms */
  isOpen(now: number): boolean;
  /** Unix ms, at most a day ahead: until then {@link isOpen} stays as it is now. */
  nextChange(now: number): number;
}

const MINUTE = 60_000;
const DAY_MINUTES = 24 * 60;
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/** Is this minute, in local time, in it? */
type Rule = (date: Date) => boolean;

/** @returns the schedule: open when one of the texts says so; or which of them is not understood, and why */
export function parseSchedule(texts: readonly string[]): Schedule | { readonly index: number; readonly fault: string } {
  const rules: Rule[] = [];
  for (const [index, text] of texts.entries()) {
    const words = text.trim().toLowerCase().split(/\s+/);
    const rule = words.length === 5 ? cronRule(words) : windowRule(words);
    if (typeof rule === 'string') return { index, fault: rule };
    rules.push(rule);
  }
  return new RuleSchedule(rules);
}

class RuleSchedule implements Schedule {
  readonly #rules: readonly Rule[];
  #askedMinute = Number.NaN;
  #answer = false;

  constructor(rules: readonly Rule[]) {
    this.#rules = rules;
  }

  isOpen(now: number): boolean {
    const minute = Math.floor(now / MINUTE);
    if (minute !== this.#askedMinute) {
      this.#askedMinute = minute;
      this.#answer = this.#at(minute);
    }
    return this.#answer;
  }

  nextChange(now: number): number {
    const minute = Math.floor(now / MINUTE);
    const isOpen = this.#at(minute);
    let next = minute + 1;
    while (next < minute + DAY_MINUTES && this.#at(next) === isOpen) next++;
    return next * MINUTE;
  }

  /** Time zones are whole minutes away from UTC, so a minute is never half open. */
  #at(minute: number): boolean {
    const date = new Date(minute * MINUTE);
    return this.#rules.some((rule) => rule(date));
  }
}

/** @returns the rule, or what is wrong */
function windowRule(words: readonly string[]): Rule | string {
  let days: ReadonlySet<number> | undefined;
  let times: readonly [number, number] | undefined;
  for (const word of words) {
    const window = /^(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})$/.exec(word);
    if (window !== null && times === undefined) {
      const [from, to] = [minuteOf(window[1]!, window[2]!), minuteOf(window[3]!, window[4]!)];
      if (from === undefined || to === undefined || from === DAY_MINUTES) return `"${word}" are no times of a day`;
      if (from === to) return `"${word}" begins when it ends`;
      times = [from, to];
    } else if (window === null && days === undefined && times === undefined) {
      days = setOf(word, 0, 7, DAYS, false);
      if (days === undefined) return `"${word}" is neither days nor times`;
    } else return `"${word}" is one word too many`;
  }
  const isDay = (day: number) => days === undefined || days.has(day);
  if (times === undefined) return (date) => isDay(date.getDay());
  const [from, to] = times;
  return (date) => {
    const minute = date.getHours() * 60 + date.getMinutes();
    const day = date.getDay();
    if (from < to) return minute >= from && minute < to && isDay(day);
    return (minute >= from && isDay(day)) || (minute < to && isDay((day + 6) % 7));
  };
}

function minuteOf(hours: string, minutes: string): number | undefined {
  const minute = Number(hours) * 60 + Number(minutes);
  return Number(minutes) < 60 && minute <= DAY_MINUTES ? minute : undefined;
}

/** @returns the rule, or what is wrong */
function cronRule(fields: readonly string[]): Rule | string {
  const limits = [
    ['minute', 0, 59, []],
    ['hour', 0, 23, []],
    ['day of the month', 1, 31, []],
    ['month', 1, 12, MONTHS],
    ['day of the week', 0, 7, DAYS],
  ] as const;
  const sets: ReadonlySet<number>[] = [];
  for (const [index, [name, min, max, names]] of limits.entries()) {
    const set = setOf(fields[index]!, min, max, names, true);
    if (set === undefined) return `"${fields[index]}" is no ${name} from ${min} to ${max}`;
    sets.push(set);
  }
  const [minutes, hours, dates, months, days] = sets as [
    ReadonlySet<number>,
    ReadonlySet<number>,
    ReadonlySet<number>,
    ReadonlySet<number>,
    ReadonlySet<number>,
  ];
  // crontab(5): when both are restricted, one of them is enough.
  const either = !fields[2]!.startsWith('*') && !fields[4]!.startsWith('*');
  return (date) => {
    if (!minutes.has(date.getMinutes()) || !hours.has(date.getHours()) || !months.has(date.getMonth() + 1))
      return false;
    const [isDate, isDay] = [dates.has(date.getDate()), days.has(date.getDay())];
    return either ? isDate || isDay : isDate && isDay;
  };
}

/** `1-5`, `1,3`, `mon-fri`, with `steps` also `*`, `*` with `/15` and `8-18/2`; a range may go round (`fri-mon`). 7 is Sunday, too. */
function setOf(
  text: string,
  min: number,
  max: number,
  names: readonly string[],
  steps: boolean,
): ReadonlySet<number> | undefined {
  const set = new Set<number>();
  const isWeek = names === DAYS;
  for (const item of text.split(',')) {
    const match = /^(?:(\*)|([a-z]+|\d+)(?:-([a-z]+|\d+))?)(?:\/(\d+))?$/.exec(item);
    if (match === null) return undefined;
    const [, star, first, last, step] = match;
    if ((star !== undefined || step !== undefined) && !steps) return undefined;
    if (step !== undefined && Number(step) === 0) return undefined;
    if (!steps && /\d/.test(item)) return undefined;
    const from = star === undefined ? numberOf(first!, min, max, names) : min;
    // `5/10` is from 5 on, as everywhere.
    const open = star !== undefined || (last === undefined && step !== undefined);
    const to = open ? (isWeek ? 6 : max) : numberOf(last ?? first!, min, max, names);
    if (from === undefined || to === undefined) return undefined;
    const count = isWeek ? 7 : max - min + 1;
    if (to < from && !isWeek) return undefined;
    const length = to >= from ? to - from : to - from + 7;
    for (let i = 0; i <= length; i += Number(step ?? 1)) set.add(isWeek ? (from + i) % count : from + i);
  }
  return set;
}

function numberOf(text: string, min: number, max: number, names: readonly string[]): number | undefined {
  if (/^\d+$/.test(text)) {
    const number = Number(text);
    return number >= min && number <= max ? number : undefined;
  }
  const index = names.indexOf(text);
  return index < 0 ? undefined : min + index;
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

interface Field {
  readonly low: number;
  readonly high: number;
  readonly names?: readonly string[];
}

const FIELDS: readonly Field[] = [
  { low: 0, high: 59 },
  { low: 0, high: 59 },
  { low: 0, high: 23 },
  { low: 1, high: 31 },
  { low: 1, high: 12, names: MONTHS },
  { low: 0, high: 7, names: DAYS },
];

const MINUTE_MS = 60_000;
/** What doesn't come within so many steps, years of them, never does. */
const MOST_STEPS = 10_000;

/**
 * A cron expression: minute, hour, day of the month, month, day of the week, with or without seconds in front; `*`,
 * numbers, names, ranges, steps and lists. Where both days are said, one of them is enough. In the time zone of the
 * process; an hour that a clock change leaves out doesn't come.
 */
export class CronSchedule {
  private constructor(
    private readonly seconds: ReadonlySet<number>,
    private readonly minutes: ReadonlySet<number>,
    private readonly hours: ReadonlySet<number>,
    private readonly days: ReadonlySet<number>,
    private readonly months: ReadonlySet<number>,
    private readonly weekdays: ReadonlySet<number>,
    private readonly eitherDay: boolean,
  ) {}

  /** @returns `undefined` for what isn't one */
  static parse(text: string): CronSchedule | undefined {
    const parts = text.trim().toLowerCase().split(/\s+/);
    if (parts.length === 5) parts.unshift('0');
    if (parts.length !== FIELDS.length) return undefined;
    const sets = parts.map((part, index) => readField(part, FIELDS[index]!));
    const [seconds, minutes, hours, days, months, weekdays] = sets;
    if (!seconds || !minutes || !hours || !days || !months || !weekdays) return undefined;
    if (weekdays.has(7)) weekdays.add(0);
    const eitherDay = !parts[3]!.startsWith('*') && !parts[5]!.startsWith('*');
    return new CronSchedule(seconds, minutes, hours, days, months, weekdays, eitherDay);
  }

  /** The first moment after this one, epoch ms; `undefined` when there is none. */
  next(afterMs: number): number | undefined {
    let at = (Math.floor(afterMs / 1_000) + 1) * 1_000;
    for (let step = 0; step < MOST_STEPS; step++) {
      const local = new Date(at);
      const later = this.#notBefore(local);
      if (later === undefined) return at;
      // a local midnight that a clock change leaves out is resolved to some time around it
      at = later > at ? later : at + MINUTE_MS;
    }
    return undefined;
  }

  /** The earliest moment to look at next; `undefined`: this is one. */
  #notBefore(local: Date): number | undefined {
    const at = local.getTime();
    if (!this.months.has(local.getMonth() + 1)) return new Date(local.getFullYear(), local.getMonth() + 1, 1).getTime();
    if (!this.#isDay(local)) return new Date(local.getFullYear(), local.getMonth(), local.getDate() + 1).getTime();
    const intoMinute = local.getSeconds() * 1_000;
    // by durations, because a local time may come twice
    if (!this.hours.has(local.getHours())) return at + (60 - local.getMinutes()) * MINUTE_MS - intoMinute;
    if (!this.minutes.has(local.getMinutes())) return at + MINUTE_MS - intoMinute;
    return this.seconds.has(local.getSeconds()) ? undefined : at + 1_000;
  }

  #isDay(local: Date): boolean {
    const isDay = this.days.has(local.getDate());
    const isWeekday = this.weekdays.has(local.getDay());
    return this.eitherDay ? isDay || isWeekday : isDay && isWeekday;
  }
}

function readField(text: string, field: Field): Set<number> | undefined {
  const values = new Set<number>();
  for (const part of text.split(',')) {
    const match = /^(\*|[a-z0-9]+)(?:-([a-z0-9]+))?(?:\/(\d+))?$/.exec(part);
    if (match === null) return undefined;
    const [, from, to, every] = match;
    const isAny = from === '*';
    const low = isAny ? field.low : valueOf(from!, field);
    // a step without a range goes on to the end
    const end = isAny || (to === undefined && every !== undefined) ? field.high : low;
    const high = to === undefined ? end : valueOf(to, field);
    const step = every === undefined ? 1 : Number(every);
    if (low === undefined || high === undefined || low > high || step < 1 || (isAny && to !== undefined))
      return undefined;
    for (let value = low; value <= high; value += step) values.add(value);
  }
  return values;
}

function valueOf(text: string, { low, high, names }: Field): number | undefined {
  const named = names?.indexOf(text) ?? -1;
  if (named >= 0) return named + low;
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  return value >= low && value <= high ? value : undefined;
}

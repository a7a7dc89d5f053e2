import { afterEach, describe, expect, it } from 'vitest';
import { CronSchedule } from '../../../lib/warmup/cron.js';
import { seededRandom } from '../../support/seeded-random.js';

const zone = process.env['TZ'];
afterEach(() => {
  if (zone === undefined) delete process.env['TZ'];
  else process.env['TZ'] = zone;
});

/** The moments after one, as local times. */
function after(text: string, from: string, count = 3): string[] {
  const schedule = CronSchedule.parse(text)!;
  const moments: string[] = [];
  let at = new Date(from).getTime();
  for (let index = 0; index < count; index++) {
    at = schedule.next(at)!;
    const local = new Date(at);
    const two = (value: number): string => String(value).padStart(2, '0');
    moments.push(
      `${local.getFullYear()}-${two(local.getMonth() + 1)}-${two(local.getDate())} ${two(local.getHours())}:${two(local.getMinutes())}:${two(local.getSeconds())}`,
    );
  }
  return moments;
}

describe('a cron expression', () => {
  it.each([
    ['*/15 * * * *', ['2025-06-10 10:15:00', '2025-06-10 10:30:00', '2025-06-10 10:45:00']],
    ['30 */20 * * * *', ['2025-06-10 10:00:30', '2025-06-10 10:20:30', '2025-06-10 10:40:30']],
    ['0 6 * * *', ['2025-06-11 06:00:00', '2025-06-12 06:00:00', '2025-06-13 06:00:00']],
    ['0 0 1 JAN,jul *', ['2025-07-01 00:00:00', '2026-01-01 00:00:00', '2026-07-01 00:00:00']],
    ['0 9-17/4 * * mon-fri', ['2025-06-10 13:00:00', '2025-06-10 17:00:00', '2025-06-11 09:00:00']],
    ['0 0 * * 7', ['2025-06-15 00:00:00', '2025-06-22 00:00:00', '2025-06-29 00:00:00']],
    // one of both days is enough
    ['0 0 13 * 5', ['2025-06-13 00:00:00', '2025-06-20 00:00:00', '2025-06-27 00:00:00']],
    ['5/20 10 * * *', ['2025-06-10 10:05:00', '2025-06-10 10:25:00', '2025-06-10 10:45:00']],
    ['0 0 29 2 *', ['2028-02-29 00:00:00', '2032-02-29 00:00:00', '2036-02-29 00:00:00']],
  ])('%s comes at its times', (text, moments) => {
    expect(after(text, '2025-06-10T10:00:00')).toEqual(moments);
  });

  it.each([
    '',
    '*',
    '* * * *',
    '* * * * * * *',
    '60 * * * *',
    '* 24 * * *',
    '* * 0 * *',
    '* * * 13 *',
    '* * * * 8',
    '5-1 * * * *',
    '*/0 * * * *',
    'a * * * *',
    '* * * foo *',
    '1,,2 * * * *',
    '-1 * * * *',
    '*-5 * * * *',
    '1.5 * * * *',
  ])('isn’t %j', (text) => {
    expect(CronSchedule.parse(text)).toBeUndefined();
  });

  it('that never comes says so', () => {
    expect(CronSchedule.parse('0 0 31 2,4,6 *')!.next(0)).toBeUndefined();
  });

  it('leaves out an hour that a clock change leaves out, and goes on after one that comes twice', () => {
    process.env['TZ'] = 'Europe/Berlin';
    expect(after('30 2 * * *', '2025-03-29T12:00:00', 2)).toEqual(['2025-03-31 02:30:00', '2025-04-01 02:30:00']);
    expect(after('0 4 * * *', '2025-03-29T12:00:00', 2)).toEqual(['2025-03-30 04:00:00', '2025-03-31 04:00:00']);
    expect(after('0 4 * * *', '2025-10-25T12:00:00', 2)).toEqual(['2025-10-26 04:00:00', '2025-10-27 04:00:00']);
  });

  it.each(['UTC', 'Europe/Berlin', 'America/Sao_Paulo', 'Asia/Kathmandu', 'Australia/Lord_Howe'])(
    'comes at the very moments that match it, in %s',
    (timeZone) => {
      process.env['TZ'] = timeZone;
      const random = seededRandom(7);
      const drawn = (low: number, high: number): number => low + Math.floor(random() * (high - low + 1));
      for (let round = 0; round < 60; round++) {
        const fields = [
          [drawn(0, 59), drawn(0, 59)],
          [drawn(0, 59), drawn(0, 59), drawn(0, 59)],
          [drawn(0, 23), drawn(0, 4)],
          [drawn(1, 31), drawn(1, 31)],
        ] as const;
        const weekday = drawn(0, 6);
        const text = [...fields.map((values) => values.join(',')), '*', weekday].join(' ');
        // around the changes of the clocks
        const from = new Date(2025, drawn(0, 1) === 0 ? 2 : 9, drawn(1, 31), drawn(0, 23)).getTime();
        const isMatch = (at: number): boolean => {
          const local = new Date(at);
          const [seconds, minutes, hours, days] = fields as readonly (readonly number[])[];
          const isDay = days!.includes(local.getDate()) || local.getDay() === weekday;
          const isTime = hours!.includes(local.getHours()) && minutes!.includes(local.getMinutes());
          return isDay && isTime && seconds!.includes(local.getSeconds());
        };
        let expected = from + 1_000;
        // whole minutes that can't match are passed over: zones differ by minutes
        while (!isMatch(expected)) {
          const local = new Date(expected);
          const isMinute = (fields[1] as readonly number[]).includes(local.getMinutes());
          expected += isMinute ? 1_000 : 60_000 - local.getSeconds() * 1_000;
        }
        expect(CronSchedule.parse(text)!.next(from), `${text} after ${new Date(from).toISOString()}`).toBe(expected);
      }
    },
  );
});

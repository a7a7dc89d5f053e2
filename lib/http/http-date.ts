/** https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7, case-sensitive as it says */
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const MONTH = `(?<month>${MONTHS.join('|')})`;
const TIME = '(?<hour>\\d\\d):(?<minute>\\d\\d):(?<second>\\d\\d)';
const FORMS = [
  new RegExp(`^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (?<day>\\d\\d) ${MONTH} (?<year>\\d{4}) ${TIME} GMT$`),
  new RegExp(`^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (?<day>\\d\\d)-${MONTH}-(?<year>\\d\\d) ${TIME} GMT$`),
  new RegExp(`^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) ${MONTH} (?<day>\\d\\d| \\d) ${TIME} (?<year>\\d{4})$`),
];

/** Epoch ms of an HTTP-date in any of its three forms; `undefined` for anything else. */
export function parseHttpDate(text: string, now: number): number | undefined {
  for (const form of FORMS) {
    const parts = form.exec(text)?.groups;
    if (parts === undefined) continue;
    const part = (name: string): number => Number(parts[name]);
    // a second more for the leap second
    if (part('hour') > 23 || part('minute') > 59 || part('second') > 60) return undefined;
    const year = parts['year']!.length === 2 ? centuryFor(part('year'), now) : part('year');
    const month = MONTHS.indexOf(parts['month']!);
    const date = new Date(0);
    // not Date.UTC, which takes the year 50 for 1950
    date.setUTCFullYear(year, month, part('day'));
    // a day the month doesn't have is one of another
    if (date.getUTCMonth() !== month) return undefined;
    return date.setUTCHours(part('hour'), part('minute'), part('second'));
  }
  return undefined;
}

/** More than 50 years ahead is the most recent year in the past with these two digits. */
function centuryFor(digits: number, now: number): number {
  const thisYear = new Date(now).getUTCFullYear();
  const year = thisYear - (thisYear % 100) + digits;
  return year > thisYear + 50 ? year - 100 : year;
}

import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

export const USAGE = `npm run bench -- [options]
  --quick         one short round: to see that everything runs, not to quote
  --only NAME     one scenario, or several separated by commas
  --rounds N      how often each variant is run
  --json FILE     where the figures go; default bench/results/NAME.json for a full run
  --package DIR   another built copy of the package, to compare a change
  --help          this`;

export class UsageError extends Error {}

/** @throws UsageError with what is wrong and what there is */
export function readOptions(argv, names) {
  let values;
  try {
    ({ values } = parseArgs({
      args: argv,
      options: {
        quick: { type: 'boolean', default: false },
        only: { type: 'string' },
        rounds: { type: 'string' },
        json: { type: 'string' },
        package: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    }));
  } catch (error) {
    throw new UsageError(error.message);
  }
  const only = values.only?.split(',') ?? names;
  const unknown = only.filter((name) => !names.includes(name));
  if (unknown.length > 0)
    throw new UsageError(`there is no scenario ${unknown.join(', ')}; there are ${names.join(', ')}`);
  const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
  if (rounds !== undefined && (!Number.isInteger(rounds) || rounds < 1)) {
    throw new UsageError(`--rounds ${values.rounds}: takes a whole number from 1`);
  }
  const root = values.package === undefined ? undefined : resolve(values.package);
  if (root !== undefined && !existsSync(`${root}/dist/esm/index.js`)) {
    throw new UsageError(`--package ${values.package}: has no dist/esm/index.js; build it first`);
  }
  return { ...values, only, rounds, package: root };
}

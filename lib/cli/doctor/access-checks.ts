import { appendRecord, syncJournal } from '../../redis/scripts.js';
import { refusalOf, trialsOfRights } from '../../redis/server-check.js';
import type { CliServer } from '../cli-server.js';
import { fail, ok, type Check } from './check.js';

const HELP = 'docs/redis.md lists what the user of an application needs (ACL SETUSER)';

/** A journal that nobody uses, in the slot of the real one. */
export const scratchJournal = ({ target }: CliServer): readonly [clock: string, journal: string] => [
  `{${target.namespace}}:~check-clock`,
  `{${target.namespace}}:~check-journal`,
];

/** Tries everything an application will need. Leaves nothing behind. */
export async function checkRights(server: CliServer): Promise<Check[]> {
  const { commands, keys } = server;
  const scratch = scratchJournal(server);
  const trials = {
    ...trialsOfRights({ commands }, keys),
    'synchronise with the journal (EVALSHA, and what its script calls)': () =>
      commands.run(syncJournal, scratch, ['check', '', 0, '', 0, '', 0, 1]),
    'invalidate (EVALSHA, and what its script calls)': () =>
      commands.run(appendRecord, scratch, ['check', '[]', 0, 0, 10, 0]),
    'follow the journal (XREAD)': () => server.feed.read(scratch[1], '0-0', 1),
  };
  const checks: Check[] = [];
  for (const [what, attempt] of Object.entries(trials)) {
    const refusal = await refusalOf(attempt);
    if (refusal !== undefined) checks.push(fail('rights', `may not ${what}: ${refusal}`, HELP));
  }
  await refusalOf(async () => Promise.all(scratch.map(async (key) => commands.unlink(key))));
  return checks.length > 0 ? checks : [ok('rights', `all ${Object.keys(trials).length} that an application needs`)];
}

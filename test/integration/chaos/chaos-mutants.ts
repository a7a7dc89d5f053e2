import type { Mutant } from '../../simulation/mutants.js';

/** Rules of which real processes over real servers show within seconds that they are missing. */
export const chaosMutants: readonly Mutant[] = [
  {
    rule: 'a queued invalidation is delivered some time',
    file: 'lib/journal/invalidation-outbox.ts',
    find: 'else this.#waiting.add(tag);',
    replace: 'else this.replica.settle([tag]);',
  },
  {
    rule: 'trust ends by itself',
    file: 'lib/journal/journal-replica.ts',
    find: 'return now < this.trustedUntil && now >= this.trustedFrom;',
    replace: 'return this.trustedUntil > 0 || now < 0;',
  },
  {
    rule: 'an invalidation counts here from the call on',
    file: 'lib/journal/journal-replica.ts',
    find: 'return pending !== undefined && pending.sequence > sequence;',
    replace: 'return false;',
  },
  {
    rule: 'a strong read confirms',
    file: 'lib/flow/read.flow.ts',
    find: 'const trusted = !strong && this.#replica.trusts(mark.at);',
    replace: 'const trusted = this.#replica.trusts(mark.at);',
  },
];

import type { Mutant } from '../mutants.js';

/**
 * Rules that matter between processes, each taken out of the production code, or out of the twin of a script.
 *
 * Some rules aren't here, because another one stands behind them and histories stay right without them: that an
 * acknowledgement doesn't move the applied position (the nonces then tell that something is missing), that an entry of
 * another epoch is a miss (an epoch begins above all positions of the one before, and so does its floor), that what
 * waits is delivered before the store is trusted (in this process it counts from the call on), that the shared store
 * isn't asked without a confirmed journal (what it has would be too old).
 *
 * Others take more than a thousand random histories to be missed. Directed tests in test/unit, and the commands
 * that hold the scripts against a real server, have them: that a confirmation counts from when it was sent, that answers
 * of an older epoch are ignored and an acknowledgement from an unknown one leads there first, that within an epoch a
 * rebuild never moves back and takes only records that lead to the head, that a process behind the floor rebuilds, that
 * epochs and records begin above everything known, that an acknowledged record which was lost begins a new epoch, that a written value waits for its own record, that loads are
 * shared only while they are young, that what a load takes from a cache is as old as what is known of the journal, and
 * (in `regressions`) that of what is older than a clock that was set the age isn’t known.
 */
export const fleetMutants: readonly Mutant[] = [
  {
    rule: 'only an answer that leaves nothing out confirms',
    killedBy: 117,
    file: 'lib/journal/redis.journal.ts',
    find: 'if (!this.#take(reply)) continue;',
    replace: 'this.#take(reply);',
  },
  {
    rule: 'a blocking read confirms nothing',
    killedBy: 750,
    file: 'lib/journal/redis.journal.ts',
    find: 'if (items.length === 0 || this.#closed) return true;',
    replace:
      'if (this.replica.epoch !== "") this.replica.trust(this.parts.runtime.now(), this.options.maxStalenessMs);\n    if (items.length === 0 || this.#closed) return true;',
  },
  {
    rule: 'trust ends by itself',
    killedBy: 105,
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
    rule: 'an acknowledgement raises the tags',
    killedBy: 19,
    file: 'lib/journal/journal-replica.ts',
    find: 'if (record.epoch === this.epoch) for (const tag of record.tags) this.#raise(tag, record.position);\n    this.settle(tags);',
    replace: 'this.settle(tags);',
  },
  {
    rule: 'an entry is judged by its tags unless it is newer than every record that is known',
    killedBy: 154,
    file: 'lib/journal/journal-replica.ts',
    find: 'entry.position === this.applied && entry.position >= this.#newest',
    replace: 'entry.position === this.applied',
  },
  {
    rule: 'an entry from before the floor is a miss',
    file: 'lib/journal/journal-replica.ts',
    find: 'if (entry.epoch !== this.epoch || entry.position < this.floor || this.isAhead(entry))',
    replace: 'if (entry.epoch !== this.epoch || this.isAhead(entry))',
  },
  {
    rule: 'a record that doesn’t name the applied one as the one before it is a gap',
    file: 'lib/journal/journal-chain.ts',
    find: '      record.previous === this.replica.applied &&\n      record.previousNonce === this.nonce &&\n',
    replace: '',
  },
  {
    rule: 'a rebuild raises the floor',
    killedBy: 206,
    file: 'lib/journal/journal-replica.ts',
    find: '    this.floor = Math.max(this.floor, position);\n    this.applied = Math.max(this.applied, position);',
    replace: '    this.applied = Math.max(this.applied, position);',
  },
  {
    rule: 'a queued invalidation is delivered some time',
    file: 'lib/journal/invalidation-outbox.ts',
    find: '      if (this.#waiting.has(tag)) merged.push(tag);\n      else this.#waiting.add(tag);',
    replace: '      merged.push(tag);',
  },
  {
    rule: 'without a confirmed journal nothing old is an answer',
    killedBy: 105,
    file: 'lib/flow/reader-judge.ts',
    find: '...(isTrusted ? UNLIMITED : this.parts.degraded),',
    replace: '...UNLIMITED,',
  },
  {
    rule: 'a strong read that couldn’t confirm takes nothing from any tier',
    killedBy: 40,
    file: 'lib/flow/reader-judge.ts',
    find: "if (strong && !confirmed) return 'dead';",
    replace: '',
  },
  {
    rule: 'a strong read confirms',
    killedBy: 61,
    file: 'lib/flow/read.flow.ts',
    find: 'const trusted = !strong && this.#replica.trusts(mark.at);',
    replace: 'const trusted = this.#replica.trusts(mark.at);',
  },
  {
    rule: 'a strong read that looks at once judges what it found when the journal is confirmed',
    file: 'lib/desk/cache-desk.ts',
    find: 'return confirming.then((confirmed) => {',
    replace: 'void confirming;\n      return Promise.resolve(true).then((confirmed) => {',
  },
  {
    rule: 'a strong read that looks at once and couldn’t confirm takes nothing of what it found',
    killedBy: 105,
    file: 'lib/desk/cache-desk.ts',
    find: 'if (confirmation?.confirmed === false || ',
    replace: 'if (',
  },
  {
    rule: 'a strong read shares a synchronisation only before it is sent',
    killedBy: 108,
    file: 'lib/journal/redis.journal.ts',
    find: 'this.#next = undefined;\n        resolve(this.#bringUpToDate(false));',
    replace:
      'const running = this.#bringUpToDate(false);\n        void running.then(() => (this.#next = undefined));\n        resolve(running);',
  },
  {
    rule: 'what another process loaded is stale under every invalidation of ours that is on its way',
    killedBy: 59,
    file: 'lib/flow/shared-entries.ts',
    find: 'new CacheEntry(key, header, content, { sequence: 0, order, hotUntil })',
    replace: 'new CacheEntry(key, header, content, { sequence: order, order, hotUntil })',
  },
  {
    rule: 'settled waits for the largest bound of the fleet',
    killedBy: 136,
    file: 'lib/flow/invalidate.flow.ts',
    find: 'appended.fleetStalenessMs + SETTLE_MARGIN_MS',
    replace: 'SETTLE_MARGIN_MS',
  },
  {
    rule: 'a written value that is invalidated in the same turn isn’t kept',
    file: 'lib/flow/write.flow.ts',
    find: 'watched: tags.flatMap((tag) => [tag, softTag(tag)])',
    replace: 'watched: recordTags',
  },
  {
    rule: 'a position the server doesn’t know begins a new epoch',
    killedBy: 1257,
    file: 'test/simulation/redis/journal-twins.ts',
    find: '} else if (applied > head || own > head || isOwnRecordLost()) {',
    replace: '} else if (false) {',
  },
  {
    rule: 'records that follow on something else aren’t handed out as the next ones',
    killedBy: 233,
    file: 'test/simulation/redis/journal-twins.ts',
    find: '    if (previous > applied) return rebuild();\n    if (previous < applied || previousNonce !== appliedNonce) return beginEpoch();',
    replace: '',
  },
  {
    rule: 'a clock that was set is noticed',
    killedBy: 301,
    file: 'lib/journal/redis.journal.ts',
    find: 'if (!this.#clockWatch.hasJumped()) return;',
    replace: 'if (!this.#closed) return;',
  },
  {
    rule: 'a strong batch takes nothing from memory before the journal is confirmed',
    killedBy: 454,
    file: 'lib/desk/batch-reads.ts',
    find: 'const isHot = !options.strong && currentScope() === undefined;',
    replace: 'const isHot = currentScope() === undefined;',
  },
];

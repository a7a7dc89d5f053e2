import type { Mutant as Patch } from '../support/mutant-bundle.js';

/** A rule of the protocol, taken out of the production code by changing its text. */
export interface Mutant extends Patch {
  /** The number of a history that goes wrong without it, where the first ones don't: it is tried before them. */
  readonly killedBy?: number;
}

export const mutants: readonly Mutant[] = [
  {
    rule: 'a load’s position is taken before the loader is called',
    file: 'lib/flow/loader-runner.ts',
    find: 'ownRecord: 0,',
    replace: 'ownRecord: this.parts.journal.replica.applied,',
  },
  {
    rule: 'an entry is fresh only while no tag of it has a record behind its position',
    file: 'lib/journal/journal-replica.ts',
    find: 'if (last !== undefined && last > position && last !== ownRecord) return true;',
    replace: '',
  },
  {
    rule: 'whoever joined a load judges what it brings',
    killedBy: 60,
    file: 'lib/flow/reader-judge.ts',
    find: "if (replica.judge(entry.header, entry.sequence) !== 'fresh') return false;",
    replace: '',
  },
  {
    rule: 'a strong reader takes nothing that was made from something stale',
    killedBy: 106,
    file: 'lib/flow/reader-judge.ts',
    find: 'if (entry.tainted) return false;',
    replace: '',
  },
  {
    rule: 'what was made from something stale isn’t stored',
    killedBy: 106,
    file: 'lib/flow/loader-runner.ts',
    find: "if (collector.usedStale) return 'stale-part';",
    replace: '',
  },
  {
    rule: 'a load inherits the tags of the cached calls inside it',
    file: 'lib/flow/load-collector.ts',
    find: 'if (journal === this.journal) this.#addTags(header.tags);',
    replace: '',
  },
  {
    rule: 'a load never outlives the cached calls inside it',
    killedBy: 4530,
    file: 'lib/flow/load-collector.ts',
    find: 'this.expiresBy = Math.min(this.expiresBy, header.staleAt);',
    replace: '',
  },
  {
    rule: 'strong is inherited by the cached calls inside a loader',
    file: 'lib/flow/loader-runner.ts',
    find: 'withScope({ load: collector, strong, transaction, flights, tally: undefined }',
    replace: 'withScope({ load: collector, strong: false, transaction, flights, tally: undefined }',
  },
  {
    rule: 'what was invalidated hard is never served in grace',
    file: 'lib/policy/freshness.ts',
    find: "if (verdict === 'dead' || now - entry.asOf >= options.maxAgeMs) return 'dead';",
    replace: "if (now - entry.asOf >= options.maxAgeMs) return 'dead';",
  },
  {
    rule: 'a strong read takes nothing but the fresh',
    file: 'lib/policy/freshness.ts',
    find: "if (options.strong) return 'dead';",
    replace: '',
  },
  {
    rule: 'an expired value isn’t fresh',
    killedBy: 27,
    file: 'lib/policy/freshness.ts',
    find: 'const expired = now >= entry.staleAt;',
    replace: 'const expired = false;',
  },
  {
    rule: 'grace ends',
    killedBy: 203,
    file: 'lib/policy/freshness.ts',
    find: "if (now >= entry.graceUntil) return 'dead';",
    replace: "if (options.graceRevalidateMs > 0) return 'revalidate';",
  },
  {
    rule: 'an old value is judged at the moment it is given',
    file: 'lib/flow/reader-judge.ts',
    find: "if (freshness !== 'dead') return { kind: freshness === 'fresh' ? 'l1' : 'stale', entry };",
    replace: "return { kind: freshness === 'fresh' ? 'l1' : 'stale', entry };",
  },
  {
    rule: 'the hit without a closer look is for entries judged under this very version of the journal',
    killedBy: 23,
    file: 'lib/desk/cache-desk.ts',
    find: 'entry.judgedAt !== this.#replica.version && !this.#isStillFresh(entry)',
    replace: 'entry.judgedAt < 0',
  },
  {
    rule: 'when the journal has moved, an entry is judged anew before it is hot again',
    file: 'lib/desk/cache-desk.ts',
    find: "const isFresh = this.#replica.judge(entry.header, entry.sequence) === 'fresh';",
    replace: 'const isFresh = true;',
  },
  {
    rule: 'the hit without a closer look ends with the entry',
    killedBy: 168,
    file: 'lib/desk/cache-desk.ts',
    find: 'now >= entry.hotUntil || now >= this.#replica.trustedUntil',
    replace: 'now >= this.#replica.trustedUntil',
  },
  {
    rule: 'forgetting a tag raises the floor',
    killedBy: 23,
    file: 'lib/journal/journal-replica.ts',
    find: 'this.#positions.delete(tag);\n    this.floor = Math.max(this.floor, position);',
    replace: 'this.#positions.delete(tag);\n    void position;',
  },
  {
    rule: 'an entry carries the tag of its cache, and everything',
    file: 'lib/flow/cache-region.ts',
    find: 'this.#tags = [EVERYTHING, cacheTag(options.name), ...options.tags.map(userTag)];',
    replace: 'this.#tags = options.tags.map(userTag);',
  },
  {
    rule: 'an entry carries the tag of its key',
    file: 'lib/flow/cache-region.ts',
    find: 'return [...this.#tags, keyTag(this.name, storedKey)];',
    replace: 'return [...this.#tags];',
  },
  {
    rule: 'a soft invalidation counts for strong reads',
    file: 'lib/journal/journal-replica.ts',
    find: "verdict = 'soft';",
    replace: "verdict = 'fresh';",
  },
  {
    rule: 'a write is announced in the journal',
    killedBy: 26,
    file: 'lib/flow/write.flow.ts',
    find: 'const announcing = this.invalidations.announce(recordTags);',
    replace:
      "const announcing = Promise.resolve({ status: 'applied' as const, position: this.parts.journal.replica.applied, epoch: this.parts.journal.replica.epoch });",
  },
  {
    rule: 'of two writes that cross neither is kept',
    killedBy: 2126,
    file: 'lib/flow/write.flow.ts',
    find: 'if (!undisturbed || !known ||',
    replace: 'if (!known ||',
  },
  {
    rule: 'a written value is fresh under its own record only',
    killedBy: 26,
    file: 'lib/journal/journal-replica.ts',
    find: 'last > position && last !== ownRecord',
    replace: 'last > position && ownRecord === 0',
  },
  {
    rule: 'a write is closed whatever becomes of it',
    file: 'lib/flow/write.flow.ts',
    find: 'journal.replica.unwatch(watch);',
    replace: '',
  },
  {
    rule: 'a transaction’s invalidations wait for its commit',
    killedBy: 26,
    file: 'lib/flow/invalidate.flow.ts',
    find: 'transaction.collect(tags);',
    replace: 'void this.parts.journal.append(tags);',
  },
  {
    rule: 'a transaction’s invalidations are sent when it is committed',
    killedBy: 26,
    file: 'lib/flow/invalidate.flow.ts',
    find: 'if (transaction.tags.size > 0) await this.announce([...transaction.tags]);',
    replace: '',
  },
  {
    rule: 'a transaction’s own reads find nothing that it invalidated',
    file: 'lib/flow/reader-judge.ts',
    find: "if (transaction?.touches(entry.header.tags) === true) return 'dead';",
    replace: '',
  },
  {
    rule: 'loads inside a transaction aren’t stored',
    file: 'lib/flow/loader-runner.ts',
    find: "if (surroundings.transaction !== undefined) return 'transaction';",
    replace: '',
  },
  {
    rule: 'what still runs in the context of a transaction that has ended fills nothing either',
    killedBy: 3257,
    file: 'lib/flow/read.flow.ts',
    find: 'transaction: surroundingTransaction(this.#replica),',
    replace:
      'transaction: surroundingTransaction(this.#replica)?.ended === true ? undefined : surroundingTransaction(this.#replica),',
  },
  {
    rule: 'writes inside a transaction aren’t stored',
    killedBy: 26,
    file: 'lib/flow/write.flow.ts',
    find: "if (receipt.status === 'deferred' || this.invalidations.isInTransaction()) return notStored('transaction');",
    replace:
      "if (receipt.status === 'deferred') return this.#keep(request, { key, value, costMs, mark: watch.mark, ownRecord: 0 }, notStored);",
  },
  {
    rule: 'a transaction’s loads aren’t offered to others',
    file: 'lib/flow/read.flow.ts',
    find: 'return { joinable: undefined, offered: isShared };',
    replace: 'return { joinable: undefined, offered: true };',
  },
  {
    rule: 'a transaction joins nobody’s load',
    file: 'lib/flow/read.flow.ts',
    find: 'flight === undefined || !isShared ||',
    replace: 'flight === undefined ||',
  },
  {
    rule: 'a flight is gone the moment it fails',
    file: 'lib/coalescing/single-flight.ts',
    find: '    this.#close(key, flight);\n    if (!flight.settled) flight.reject(reason);',
    replace: '    if (!flight.settled) flight.reject(reason);',
  },
  {
    rule: 'a batch inside a transaction takes nothing from memory without a closer look',
    file: 'lib/desk/batch-reads.ts',
    find: 'const isHot = !options.strong && currentScope() === undefined;',
    replace: 'const isHot = !options.strong;',
  },
  {
    rule: 'the loads of a batch inside a transaction aren’t offered to others',
    file: 'lib/flow/read-many.flow.ts',
    find: 'const flight = offered ? region.flights.open(key) : region.flights.unlisted();',
    replace: 'const flight = region.flights.open(key);',
  },
  {
    rule: 'the items of a batch are tagged each by itself',
    file: 'lib/flow/loader-runner.ts',
    find: 'userTags(request.tagsOfResult?.(value) ?? [], () => describe(request))',
    replace: '[] as string[]',
  },
];

import type { SyncReply } from '../redis/scripts.js';
import { isLaterEpoch } from './journal-position.js';
import type { JournalReplica } from './journal-replica.js';
import { BEGIN, readRecord, type ChainedRecord } from './journal-wire.js';

/** A record of this process that the server has acknowledged and the journal hasn't brought here yet. */
export interface OwnRecord {
  readonly position: number;
  readonly nonce: string;
}

const NONE: OwnRecord = { position: 0, nonce: '' };
/** More than come while one answer is on its way; where it is too few, the server is asked once more. */
const MOST_PASSED = 1_000;

/**
 * Brings the records of the journal into the replica: in their order, each only behind the one it names, and never past
 * a record that was acknowledged here and isn't there any more.
 */
export class JournalChain {
  /** Of the applied record. */
  nonce = '';
  /** The oldest record known, or rather the one before it: where learning older ones goes on. */
  #oldestNonce = '';
  /** Acknowledged and not come by, by position. */
  #own: OwnRecord[] = [];
  /** One of them that wasn't where it should be: the server says whether it was lost. */
  #missing: OwnRecord | undefined;
  /** The last records applied here, to tell whether an answer is about the same history. */
  readonly #passed = new Map<number, string>();
  /** Nonces of records on their way to the server, and whether they have come back as part of the journal. */
  readonly #sent = new Map<string, boolean>();

  constructor(
    private readonly replica: JournalReplica,
    /** Told of records that say where they were made. */
    private readonly traced: (record: ChainedRecord) => void = () => undefined,
  ) {}

  /** The record of this process to ask for: the first that hasn't come by, unless another one is suspected. */
  get own(): OwnRecord {
    return this.#missing ?? this.#own[0] ?? NONE;
  }

  get ownRecords(): number {
    return this.#own.length;
  }

  /** Whether there are older records to be learnt. */
  get hasOlder(): boolean {
    return this.#oldestNonce !== BEGIN && this.#oldestNonce !== '';
  }

  /** A record is being sent. */
  sending(nonce: string): void {
    this.#sent.set(nonce, false);
  }

  /** Nobody knows whether it got there; it will be sent again. */
  failed(nonce: string): void {
    this.#sent.delete(nonce);
  }

  /**
   * Follows the record at once where nothing lies between; else it has to come by.
   * @returns `false` when the journal has gone past the record's place without it: it was lost
   */
  acknowledged(record: ChainedRecord): boolean {
    if (this.#isNext(record)) this.#apply(record);
    const hasComeBy = this.#sent.get(record.nonce) === true;
    this.#sent.delete(record.nonce);
    if (hasComeBy || record.position <= this.replica.floor) return true;
    this.#own.push(record);
    this.#own.sort((a, b) => a.position - b.position);
    return record.position > this.replica.applied;
  }

  /** @returns `false` at a gap: something is missing, or was lost */
  follow(records: readonly (ChainedRecord | undefined)[]): boolean {
    return records.every((record) => record !== undefined && this.#followOne(record));
  }

  #followOne(record: ChainedRecord): boolean {
    const { replica } = this;
    if (record.position <= replica.applied) return true;
    if (!this.#isNext(record)) return false;
    this.#apply(record);
    if (this.#own[0]?.position === record.position) this.#own.shift();
    if (this.#missing?.position === record.position) this.#missing = undefined;
    return true;
  }

  #apply(record: ChainedRecord): void {
    this.replica.apply(record);
    this.#standAt(record.position, record.nonce);
    this.#recognise(record);
    if (record.traces !== undefined) this.traced(record);
  }

  #standAt(position: number, nonce: string): void {
    this.nonce = nonce;
    this.#passed.delete(position);
    this.#passed.set(position, nonce);
    if (this.#passed.size > MOST_PASSED) this.#passed.delete(this.#passed.keys().next().value!);
  }

  #recognise({ nonce }: ChainedRecord): void {
    if (this.#sent.has(nonce)) this.#sent.set(nonce, true);
  }

  #isNext(record: ChainedRecord): boolean {
    return (
      record.epoch === this.replica.epoch &&
      record.previous === this.replica.applied &&
      record.previousNonce === this.nonce &&
      !this.#isOwnPassed(record)
    );
  }

  #isOwnPassed({ position, nonce }: ChainedRecord): boolean {
    const own = this.#own[0];
    return own !== undefined && (own.position < position || (own.position === position && own.nonce !== nonce));
  }

  /** What the server answered. @returns whether the replica stands where the server stood, or has passed there */
  take(reply: SyncReply): boolean {
    const { replica } = this;
    const isOther = reply.epoch !== replica.epoch;
    if (isOther && replica.epoch !== '' && !isLaterEpoch(reply.epoch, replica.epoch)) return false;
    const records = reply.items.map(readRecord);
    if (reply.kind === 'rebuild') this.#rebuild(reply, records);
    else if (isOther || !this.follow(records)) return false;
    // a position alone may be of another history, which only the server can tell
    return replica.epoch === reply.epoch && this.#passed.get(reply.head) === reply.headNonce;
  }

  #rebuild(reply: SyncReply, newestFirst: readonly (ChainedRecord | undefined)[]): void {
    const { replica } = this;
    const isOther = reply.epoch !== replica.epoch;
    // within an epoch a rebuild never moves back
    if (!isOther && reply.head <= replica.applied) return;
    const chain = chainFrom(reply, newestFirst);
    const oldest = chain.at(-1);
    const [floor, floorNonce] =
      oldest === undefined ? [reply.head, reply.headNonce] : [oldest.previous, oldest.previousNonce];
    if (isOther) {
      replica.startEpoch(reply.epoch, floor);
      this.#passed.clear();
    } else {
      // what lies before the floor makes no difference: everything older than it is a miss
      const isGone = ({ position, nonce }: OwnRecord): boolean =>
        position > floor && !chain.some((record) => record.position === position && record.nonce === nonce);
      this.#missing = this.#own.find(isGone);
      if (this.#missing !== undefined || isGone({ position: replica.applied, nonce: this.nonce })) return;
      replica.skipTo(floor);
    }
    this.#own = [];
    this.#missing = undefined;
    this.#standAt(floor, floorNonce);
    for (const record of chain.toReversed()) this.#apply(record);
    this.#oldestNonce = floorNonce;
  }

  /** Older records, newest first, as far as they fit on. @returns whether it is worth asking for more */
  learnOlder(records: readonly (ChainedRecord | undefined)[]): boolean {
    for (const record of records) {
      if (record === undefined || record.nonce !== this.#oldestNonce) return false;
      if (!this.replica.learnOlder(record, record.previous)) return false;
      this.#recognise(record);
      this.#oldestNonce = record.previousNonce;
    }
    return records.length > 0 && this.hasOlder;
  }
}

/** The newest records as far back as each names the next. */
function chainFrom(reply: SyncReply, newestFirst: readonly (ChainedRecord | undefined)[]): readonly ChainedRecord[] {
  const chain: ChainedRecord[] = [];
  let [position, nonce] = [reply.head, reply.headNonce];
  for (const record of newestFirst) {
    const fits =
      record !== undefined && record.epoch === reply.epoch && record.position === position && record.nonce === nonce;
    if (!fits) break;
    chain.push(record);
    [position, nonce] = [record.previous, record.previousNonce];
  }
  return chain;
}

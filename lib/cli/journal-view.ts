import { timeOf, idOf } from '../journal/journal-position.js';
import { readRecord, type ChainedRecord } from '../journal/journal-wire.js';
import { streamItems } from '../redis/stream-items.js';
import type { CliServer } from './cli-server.js';

/** The state of a journal. Looking at it changes nothing: a synchronisation would begin one where there is none. */
export interface JournalState {
  readonly format: string;
  readonly epoch: string;
  readonly head: number;
  readonly floor: number;
  readonly boundMs: number;
  readonly records: number;
}

const PAGE = 1_000;

/** `undefined` where no process has used the namespace. */
export async function readJournal(server: CliServer): Promise<JournalState | undefined> {
  const [clock, journal] = [server.full(server.keys.clock), server.full(server.keys.journal)];
  const fields = (await server.call('HMGET', clock, 'format', 'epoch', 'head', 'floor', 'bound')) as (Buffer | null)[];
  const [format, epoch, head, floor, bound] = fields.map((field) => (field === null ? undefined : String(field)));
  if (epoch === undefined) return undefined;
  const records = Number(await server.call('XLEN', journal));
  return {
    format: format ?? '',
    epoch,
    head: Number(head),
    floor: Number(floor),
    boundMs: Number(bound ?? 0),
    records,
  };
}

/** Records from a position on, oldest first. */
export async function* recordsFrom(server: CliServer, position: number): AsyncGenerator<ChainedRecord> {
  for (let from = idOf(position); ;) {
    const reply = await server.call('XRANGE', server.full(server.keys.journal), from, '+', 'COUNT', PAGE);
    const items = streamItems(reply);
    for (const item of items) {
      const record = readRecord(item);
      if (record !== undefined) yield record;
    }
    if (items.length < PAGE) return;
    from = `(${items.at(-1)!.id}`;
  }
}

/** The newest records, oldest of them first. */
export async function lastRecords(server: CliServer, count: number): Promise<ChainedRecord[]> {
  const reply = await server.call('XREVRANGE', server.full(server.keys.journal), '+', '-', 'COUNT', count);
  return streamItems(reply)
    .map(readRecord)
    .filter((record) => record !== undefined)
    .reverse();
}

/** How far back entries can be judged, ms. */
export const horizonMs = ({ floor }: JournalState, now: number): number => Math.max(0, now - timeOf(floor));

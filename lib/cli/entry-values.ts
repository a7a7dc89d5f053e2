import { inspect } from 'node:util';
import { TypedReference, TypeRegistry } from '../entry/cacheable-types.js';
import { payloadOf, type OpenedEntry } from '../entry/entry-codec.js';
import { jsonSerializer, msgpackSerializer, type Serializer } from '../entry/serializers.js';
import { printableLines } from './format.js';

const LARGEST = 64 * 1_024 * 1_024;

/** Classes of the application aren't known here: what is stored of their instances is shown, under their name. */
class NamedData extends TypeRegistry {
  override revive(reference: TypedReference): unknown {
    try {
      return super.revive(reference);
    } catch {
      return { [reference.name]: reference.data };
    }
  }
}

const SERIALIZERS: readonly Serializer[] = [msgpackSerializer(new NamedData([]), false), jsonSerializer(false)];

/** The value of an entry; bytes where its serializer is one of the application. */
function valueOf(opened: OpenedEntry): unknown {
  const { header, serializer } = opened;
  if (header.kind === 'undefined') return undefined;
  const payload = payloadOf(opened, LARGEST);
  if (typeof payload === 'string') return `(can't be decompressed: ${payload})`;
  const name = header.kind === 'error' ? 'msgpack' : serializer;
  const known = SERIALIZERS.find((candidate) => candidate.name === name);
  try {
    return known === undefined ? Buffer.from(payload) : known.decode(payload);
  } catch {
    return Buffer.from(payload);
  }
}

/** For people; only ever called where values were asked for. */
export const valueText = (opened: OpenedEntry): string =>
  // what an error says is left as it is there
  printableLines(inspect(valueOf(opened), { depth: 10, maxArrayLength: 1_000, breakLength: 100 }));

/** For programs: what JSON doesn't know as something that it does. */
export const valueDocument = (opened: OpenedEntry): unknown => plain(valueOf(opened), new Set());

function plain(value: unknown, open: Set<object>): unknown {
  if (typeof value === 'bigint') return String(value);
  if (value === undefined) return null;
  if (typeof value !== 'object' || value === null) return value;
  if (open.has(value)) return null;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (value instanceof URL || value instanceof RegExp) return String(value);
  if (ArrayBuffer.isView(value))
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64');
  open.add(value);
  try {
    if (Array.isArray(value)) return value.map((item) => plain(item, open));
    if (value instanceof Set) return [...value].map((item) => plain(item, open));
    if (value instanceof Map) return [...value].map(([key, item]) => [plain(key, open), plain(item, open)]);
    const own = Object.entries(value);
    const fields = value instanceof Error ? [['name', value.name], ['message', value.message], ...own] : own;
    return Object.fromEntries(fields.map(([field, item]) => [field, plain(item, open)]));
  } finally {
    open.delete(value);
  }
}

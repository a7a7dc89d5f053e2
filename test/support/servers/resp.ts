import { connect } from 'node:net';

/** What a server said: texts as strings. */
export type Reply = string | number | null | Reply[];

/** The server's own words, for example `CLUSTERDOWN The cluster is down`. */
export class ServerError extends Error {
  override readonly name = 'ServerError';
}

/** One command over a connection of its own, without a client library. Rejects on an error reply and after `1 s`. */
export async function redisCommand(port: number, ...args: (string | number)[]): Promise<Reply> {
  const parts = args.map((arg) => Buffer.from(String(arg)));
  const frame = Buffer.concat([
    Buffer.from(`*${parts.length}\r\n`),
    ...parts.flatMap((part) => [Buffer.from(`$${part.length}\r\n`), part, Buffer.from('\r\n')]),
  ]);
  return new Promise((resolve, reject) => {
    let received = Buffer.alloc(0);
    const socket = connect(port, '127.0.0.1', () => socket.write(frame));
    const settle = (act: () => void) => {
      socket.destroy();
      act();
    };
    const silent = () => settle(() => reject(new Error(`no answer from port ${port} to ${String(args[0])}`)));
    socket.setTimeout(1_000, silent);
    socket.on('error', (error) => settle(() => reject(error)));
    socket.on('close', silent);
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      try {
        const { value } = read(received, 0);
        settle(() => resolve(value));
      } catch (error) {
        if (error !== INCOMPLETE) settle(() => reject(error));
      }
    });
  });
}

/** The flat list of names and values that many commands answer with. */
export function fieldsOf(reply: Reply): Record<string, Reply> {
  const list = reply as Reply[];
  return Object.fromEntries(list.flatMap((name, at) => (at % 2 === 0 ? [[String(name), list[at + 1] ?? null]] : [])));
}

const INCOMPLETE = new Error('the reply has not arrived completely');

function read(bytes: Buffer, from: number): { value: Reply; next: number } {
  const end = bytes.indexOf('\r\n', from);
  if (end < 0) throw INCOMPLETE;
  const line = bytes.toString('utf8', from + 1, end);
  const next = end + 2;
  switch (bytes.toString('latin1', from, from + 1)) {
    case '+':
      return { value: line, next };
    case ':':
      return { value: Number(line), next };
    case '-':
      throw new ServerError(line);
    case '$':
      return readText(bytes, next, Number(line));
    case '*':
      return readList(bytes, next, Number(line));
    default:
      throw new Error(`not a reply: ${line}`);
  }
}

function readText(bytes: Buffer, from: number, length: number): { value: Reply; next: number } {
  if (length < 0) return { value: null, next: from };
  if (bytes.length < from + length + 2) throw INCOMPLETE;
  return { value: bytes.toString('utf8', from, from + length), next: from + length + 2 };
}

function readList(bytes: Buffer, from: number, length: number): { value: Reply; next: number } {
  if (length < 0) return { value: null, next: from };
  const value: Reply[] = [];
  let next = from;
  while (value.length < length) {
    const item = read(bytes, next);
    value.push(item.value);
    next = item.next;
  }
  return { value, next };
}

import { EVERYTHING } from '../entry/tags.js';
import { edgeKeyOf } from './edge-keys.js';
import type { EdgePurge, EdgeSender } from './edge-sender.interface.js';

/** As much of `fetch` as is used. */
export type PurgeFetch = (
  url: string,
  request: {
    readonly method: 'PURGE';
    readonly headers: Record<string, string>;
    readonly redirect: 'manual';
    readonly signal: AbortSignal;
  },
) => Promise<{ readonly ok: boolean; readonly status: number; arrayBuffer(): Promise<unknown> }>;

export interface VarnishXkeyOptions {
  /** Where Varnish answers, for example `http://varnish:80`. This or `urls`. */
  readonly url?: string;
  /** Of every Varnish there is: keys are purged when all of them have said so. */
  readonly urls?: readonly string[];
  /** The field that carries keys to purge. Default `xkey-purge`. */
  readonly hardHeader?: string;
  /** The field that carries keys to purge softly. Default `xkey-softpurge`. */
  readonly softHeader?: string;
  /** A key that every response carries: purged instead when more keys wait than are kept. Default `~all`, as responses of this cache have it. */
  readonly everythingKey?: string;
  /** Sent along, for example a password that the VCL asks for. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Default: the global one. */
  readonly fetch?: PurgeFetch;
}

/** Of a field's value; Varnish takes lines up to `http_req_hdr_len`, 8 KB by default. */
const LONGEST_FIELD = 4_000;

/** What is left of ASCII when all that ends a key is taken away: controls, blanks and, as xkey reads them, commas. */
const ENCODED = /^[\x21-\x2b\x2d-\x7e]+$/;

/**
 * A sender that purges Varnish by the keys of its vmod `xkey` (Debian: `varnish-modules`): `PURGE` requests with the keys
 * in `xkey-purge`, for soft purges in `xkey-softpurge`, separated by spaces, at most 4,000 bytes each. The VCL has to
 * answer them, and nobody but the application may send them:
 *
 * ```vcl
 * sub vcl_recv {
 *   if (req.method == "PURGE") {
 *     if (client.ip !~ purgers) { return (synth(403)); }
 *     if (req.http.xkey-purge) {
 *       set req.http.purged = xkey.purge(req.http.xkey-purge);
 *     } else if (req.http.xkey-softpurge) {
 *       set req.http.purged = xkey.softpurge(req.http.xkey-softpurge);
 *     } else { return (synth(400)); }
 *     return (synth(200, req.http.purged + " purged"));
 *   }
 * }
 * ```
 *
 * `docs/edge.md` has it whole. An answer other than 2xx, a redirect included, is an error that names the url and the
 * status, never the keys; so is a key with blanks, commas, control or non-ASCII characters, before anything is sent.
 *
 * @throws TypeError for no url, for one that isn't http(s), and for one with a password: that belongs into `headers`
 * @example varnishXkey({ url: 'http://127.0.0.1:6081' })
 */
export function varnishXkey(options: VarnishXkeyOptions): EdgeSender {
  const urls = [...(options.urls ?? []), ...(options.url === undefined ? [] : [options.url])].map(checkedUrl);
  if (urls.length === 0) throw new TypeError('varnishXkey: takes a url, or a list of urls that isn’t empty');
  const { hardHeader = 'xkey-purge', softHeader = 'xkey-softpurge', headers } = options;
  const everythingKey = options.everythingKey ?? edgeKeyOf(EVERYTHING);
  const field = { hard: hardHeader, soft: softHeader };
  const send = async ({ keys, mode, signal }: EdgePurge): Promise<void> => {
    const values = fieldValues(keys);
    const purgeAt = async (url: string): Promise<void> => {
      for (const value of values) {
        await request(options.fetch ?? fetch, url, { ...headers, [field[mode]]: value }, signal);
      }
    };
    // none is left behind: what is still under way would overlap with the next attempt
    for (const sent of await Promise.allSettled(urls.map(purgeAt))) if (sent.status === 'rejected') throw sent.reason;
  };
  fieldValues([everythingKey]);
  return { send, purgeAll: async (purge) => send({ ...purge, keys: [everythingKey] }) };
}

function checkedUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) throw new TypeError('varnishXkey: a url isn’t http(s)://…');
  // `fetch` refuses it, and it would be named in errors
  if (url.username !== '' || url.password !== '') throw new TypeError('varnishXkey: put a password into `headers`');
  return url.href;
}

/** As few as will do; a key is never cut. */
function fieldValues(keys: readonly string[]): string[] {
  const values: string[] = [];
  let value = '';
  for (const key of keys) {
    if (!ENCODED.test(key)) throw new TypeError('a key isn’t encoded: it may hold no blanks, commas or controls');
    if (value !== '' && value.length + 1 + key.length > LONGEST_FIELD) {
      values.push(value);
      value = '';
    }
    value = value === '' ? key : `${value} ${key}`;
  }
  if (value !== '') values.push(value);
  return values;
}

async function request(
  send: PurgeFetch,
  url: string,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<void> {
  const response = await send(url, { method: 'PURGE', headers, redirect: 'manual', signal }).catch((cause: unknown) => {
    throw new Error(`${url} didn’t answer`, { cause });
  });
  // read, so that the connection can be used again
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
}

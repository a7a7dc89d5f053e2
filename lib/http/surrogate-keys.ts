import { percentEncode } from './percent-encoding.js';

/** A field that names what a response is made of, for caches that can't be reached but through it. */
export interface TagField {
  /** `undefined` if there is nothing to send. */
  readonly value: string | undefined;
  /** `false` if tags had to be left out: invalidating one of those would miss the copies of this response. */
  readonly complete: boolean;
}

const FIELDS = {
  // 1 KB a key, and what goes beyond 16 KB isn't seen:
  // https://www.fastly.com/documentation/reference/vcl/constraints-and-limitations/
  'surrogate-key': { separator: ' ', longestKey: 1_024, longestField: 16_384 },
  // 1,024 characters a tag in a purge, 16 KB the field, of whichever kilobyte:
  // https://developers.cloudflare.com/cache/how-to/purge-cache/purge-by-tags/
  'cache-tag': { separator: ',', longestKey: 1_024, longestField: 16_000 },
  // commas part keys as well: https://manpages.ubuntu.com/manpages/noble/man3/vmod_xkey.3.html; a line of more than
  // `http_resp_hdr_len`, 8 KB with its name, makes the whole response an error:
  // https://varnish-cache.org/docs/6.0/reference/varnishd.html#http-resp-hdr-len
  xkey: { separator: ' ', longestKey: 8_000, longestField: 8_000 },
} as const;

/**
 * A tag as an edge knows it, and has to be asked to purge it: in characters that part nothing anywhere. Cloudflare takes
 * no notice of case: there `User` and `user` are purged together.
 */
export const surrogateKey = (tag: string): string => percentEncode(tag, /[^A-Za-z0-9\-._~:/@=]/gu);

/** The tags of a response as Fastly, Cloudflare (`cache-tag`) or Varnish (`xkey`) read them. */
export function surrogateKeys(field: keyof typeof FIELDS, tags: readonly string[]): TagField {
  const { separator, longestKey, longestField } = FIELDS[field];
  const keys: string[] = [];
  let length = -separator.length;
  let complete = true;
  for (const tag of new Set(tags)) {
    // escapes only make it longer: what is too long already needn't be encoded to know
    const key = tag.length > longestKey ? '' : surrogateKey(tag);
    const grown = length + separator.length + key.length;
    if (key === '' || key.length > longestKey || grown > longestField) {
      complete = false;
    } else {
      keys.push(key);
      length = grown;
    }
  }
  return { value: keys.length === 0 ? undefined : keys.join(separator), complete };
}

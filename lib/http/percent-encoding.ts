const escape = (byte: number): string => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;

/** UTF-8, extended to lone surrogates, so that two of them stay two: https://simonsapin.github.io/wtf-8/ */
function escapeCharacter(character: string): string {
  const code = character.codePointAt(0)!;
  if (code < 0x80) return escape(code);
  const tail = escape(0x80 | (code & 0x3f));
  if (code < 0x800) return escape(0xc0 | (code >> 6)) + tail;
  const middle = escape(0x80 | ((code >> 6) & 0x3f));
  if (code < 0x10000) return escape(0xe0 | (code >> 12)) + middle + tail;
  return escape(0xf0 | (code >> 18)) + escape(0x80 | ((code >> 12) & 0x3f)) + middle + tail;
}

/** Injective if `%` is among the unsafe. @param unsafe one character, with the flags `g` and `u` */
export const percentEncode = (text: string, unsafe: RegExp): string => text.replace(unsafe, escapeCharacter);

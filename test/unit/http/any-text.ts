import fc from 'fast-check';

/** What hostile texts are made of. Cheaper than the units of fast-check, which take a second to build. */
export const anyUnit = fc.oneof(
  fc.integer({ min: 0, max: 0xff }).map((code) => String.fromCharCode(code)),
  fc.constantFrom('\ud800', '\udfff', '\ufffd', '😀', '€', '\r\n', '"', '\\', '%', '%2C', ',', ' '),
);

export const anyText = fc.string({ unit: anyUnit });

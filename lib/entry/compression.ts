import { brotliCompressSync, brotliDecompressSync, constants, gunzipSync, gzipSync } from 'node:zlib';

export type CompressionAlgorithm = 'gzip' | 'brotli';

/** Which payloads are compressed, and how. */
export interface Compression {
  readonly algorithm: CompressionAlgorithm;
  /** Smaller payloads are left as they are. */
  readonly thresholdBytes: number;
}

/** zlib refuses to work in smaller steps. */
const SMALLEST_STEP = 64;

/** The payload in fewer bytes, or `undefined` when it is too small or wouldn't get smaller. */
export function compress(payload: Uint8Array, { algorithm, thresholdBytes }: Compression): Uint8Array | undefined {
  const bytes = payload.byteLength;
  if (bytes < thresholdBytes) return undefined;
  // the lowest levels that compress at all: this runs between two requests
  const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_SIZE_HINT } = constants;
  const packed =
    algorithm === 'gzip'
      ? gzipSync(payload, { level: 1 })
      : brotliCompressSync(payload, { params: { [BROTLI_PARAM_QUALITY]: 1, [BROTLI_PARAM_SIZE_HINT]: bytes } });
  return packed.byteLength < bytes ? packed : undefined;
}

/** The payload of that many bytes again; `undefined` for what isn't one. Never makes more bytes than were said. */
export function decompress(
  packed: Uint8Array,
  algorithm: CompressionAlgorithm,
  plainBytes: number,
): Uint8Array | undefined {
  // room for one byte more, so that zlib sees the end in one step
  const bounds = { maxOutputLength: Math.max(plainBytes, 1), chunkSize: Math.max(plainBytes + 1, SMALLEST_STEP) };
  try {
    const payload = algorithm === 'gzip' ? gunzipSync(packed, bounds) : brotliDecompressSync(packed, bounds);
    return payload.byteLength === plainBytes ? payload : undefined;
  } catch {
    return undefined;
  }
}

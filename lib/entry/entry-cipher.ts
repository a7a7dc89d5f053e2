import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  hkdfSync,
  randomFillSync,
  type KeyObject,
} from 'node:crypto';

/** The keys of a registration by their ids. Key objects don't show what they hold when they are printed. */
export interface EncryptionKeys {
  readonly keys: ReadonlyMap<string, KeyObject>;
  /** The id of the one that new entries are encrypted with. */
  readonly current: string;
}

const ALGORITHM = 'aes-256-gcm';
export const ENCRYPTION_KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** Why an encrypted entry stays closed: nobody has its key here, or it isn't what was encrypted with it. */
export type SealedReason = 'key' | 'forged';

/**
 * Encrypts the entries of one cache. In the bytes of an entry, from `front` on:
 *
 *     length of the id of the key (1)   id   IV (12)   what is encrypted   authentication tag (16)
 *
 * What lies in clear from `bound` to the encrypted part is authenticated with it. Each cache has keys of its own, derived
 * from those of the registration, so that an entry of one namespace or cache can't be opened as one of another.
 */
export class EntryCipher {
  readonly #keys = new Map<string, KeyObject>();
  readonly #current: string;
  /** How many bytes it needs in front of what is encrypted, and behind it. */
  readonly frontBytes: number;
  readonly tagBytes = TAG_BYTES;

  constructor({ keys, current }: EncryptionKeys, namespace: string, cache: string) {
    const info = JSON.stringify(['nestjs-hybrid-cache', 1, namespace, cache]);
    for (const [id, key] of keys) {
      this.#keys.set(id, createSecretKey(Buffer.from(hkdfSync('sha256', key, '', info, ENCRYPTION_KEY_BYTES))));
    }
    this.#current = current;
    this.frontBytes = 1 + current.length + IV_BYTES;
  }

  /** Encrypts in place what lies between its front and the room for the tag at the end. */
  seal(bytes: Buffer, bound: number, front: number): void {
    const body = front + this.frontBytes;
    const end = bytes.length - TAG_BYTES;
    bytes[front] = this.#current.length;
    bytes.write(this.#current, front + 1, 'latin1');
    // not from the runtime's chance: a repeated IV would give the key away
    const iv = randomFillSync(bytes.subarray(body - IV_BYTES, body));
    const cipher = createCipheriv(ALGORITHM, this.#keys.get(this.#current)!, iv, { authTagLength: TAG_BYTES });
    cipher.setAAD(bytes.subarray(bound, body));
    bytes.set(cipher.update(bytes.subarray(body, end)), body);
    cipher.final();
    bytes.set(cipher.getAuthTag(), end);
  }

  /** What was encrypted. Never throws. */
  open(bytes: Buffer, bound: number, front: number): Buffer | SealedReason {
    const ivAt = front + 1 + bytes[front]!;
    const body = ivAt + IV_BYTES;
    const end = bytes.length - TAG_BYTES;
    if (end < body) return 'forged';
    const key = this.#keys.get(bytes.toString('latin1', front + 1, ivAt));
    if (key === undefined) return 'key';
    const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(ivAt, body), { authTagLength: TAG_BYTES });
    decipher.setAAD(bytes.subarray(bound, body));
    decipher.setAuthTag(bytes.subarray(end));
    const plain = decipher.update(bytes.subarray(body, end));
    try {
      decipher.final();
      return plain;
    } catch {
      return 'forged';
    }
  }
}

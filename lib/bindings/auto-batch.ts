import type { CacheDesk } from '../desk/cache-desk.js';
import type { Runtime, Timer } from '../cache.runtime.js';
import type { BatchRequest } from '../flow/batch-request.js';
import type { LoadContext } from '../flow/load-collector.js';
import type { ReadRequest } from '../flow/reader.js';
import { currentScope, type Scope } from '../flow/scope.js';

export interface AutoBatchTerms {
  readonly maxSize: number;
  /** `undefined`: to the end of the tick. */
  readonly withinMs: number | undefined;
  /** The values for these arguments, in their order. */
  readonly load: (self: unknown, args: readonly unknown[], context: LoadContext) => Promise<readonly unknown[]>;
}

/** A call that waits for the others of its batch. */
interface Waiting {
  readonly arg: unknown;
  readonly request: ReadRequest;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** Calls that may be answered together: one host, one scope around them, one scope in front of their keys. */
class OpenBatch {
  readonly calls: Waiting[] = [];
  timer: Timer | undefined;

  constructor(
    readonly scope: Scope | undefined,
    readonly keyScope: string | undefined,
  ) {}
}

/** Makes one batch of the single calls of a tick. */
export class AutoBatch {
  /** By the instance whose method was called: another one may load something else. */
  readonly #open = new Map<unknown, OpenBatch[]>();

  constructor(
    private readonly desk: CacheDesk,
    private readonly terms: AutoBatchTerms,
    private readonly runtime: Runtime,
  ) {}

  read(self: unknown, arg: unknown, request: ReadRequest): Promise<unknown> {
    // the loader runs in the surroundings of the first call of a batch: those of another tenant need one of their own
    const keyScope = this.desk.region.options.scope?.();
    const batch = this.#batchFor(self, currentScope(), keyScope);
    return new Promise((resolve, reject) => {
      batch.calls.push({ arg, request, resolve, reject });
      if (batch.calls.length >= this.terms.maxSize) this.#send(self, batch);
    });
  }

  #batchFor(self: unknown, scope: Scope | undefined, keyScope: string | undefined): OpenBatch {
    const batches = this.#open.get(self) ?? [];
    const open = batches.find((batch) => batch.scope === scope && batch.keyScope === keyScope);
    if (open !== undefined) return open;
    const batch = new OpenBatch(scope, keyScope);
    this.#open.set(self, [...batches, batch]);
    const { withinMs } = this.terms;
    const send = (): void => this.#send(self, batch);
    // behind all that is to be done before the event loop goes on: calls of its later turns come along
    if (withinMs === undefined) void Promise.resolve().then(() => process.nextTick(send));
    else batch.timer = this.runtime.after(withinMs, send);
    return batch;
  }

  #send(self: unknown, batch: OpenBatch): void {
    const batches = this.#open.get(self) ?? [];
    if (!batches.includes(batch)) return; // it was full before its time
    batch.timer?.cancel();
    const others = batches.filter((other) => other !== batch);
    if (others.length === 0) this.#open.delete(self);
    else this.#open.set(self, others);
    const { calls } = batch;
    this.desk
      .readEach(this.#request(self, calls), {
        resolve: (place, value) => calls[place]!.resolve(value),
        reject: (place, error) => calls[place]!.reject(error),
      })
      .catch((error: unknown) => {
        for (const call of calls) call.reject(error);
      });
  }

  #request(self: unknown, calls: readonly Waiting[]): BatchRequest {
    const { region, options } = calls[0]!.request;
    const load: BatchRequest['load'] = (places, context) =>
      this.terms.load(
        self,
        places.map((place) => calls[place]!.arg),
        context,
      );
    return {
      region,
      options,
      keys: calls.map(({ request }) => request.key),
      request: (place, found) => ({ ...calls[place]!.request, found }),
      load,
      maxSize: this.terms.maxSize,
    };
  }
}

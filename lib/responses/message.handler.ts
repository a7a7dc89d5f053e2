import type { CallHandler, ExecutionContext } from '@nestjs/common';
import type { Observable } from 'rxjs';
import { CacheKeyError } from '../cache.errors.js';
import { collect, replay } from '../bindings/observable-values.js';
import type { CacheDesk } from '../desk/cache-desk.js';
import { keyOfArguments } from '../entry/key-encoding.js';
import type { ResolvedReadOptions } from '../options/resolved-options.js';
import type { Handler } from './handler.js';
import type { ResponsePolicy } from './response-policy.js';

export interface MessageParts {
  readonly desk: CacheDesk;
  readonly options: ResolvedReadOptions;
  readonly policy: Pick<ResponsePolicy, 'scope' | 'requestKey'>;
  /** Tells this handler from every other, for its keys. */
  readonly route: string;
  readonly tags: readonly string[];
}

/** What the contexts of the transports call the pattern a message came by. */
type TransportContext = Partial<
  Record<'getPattern' | 'getSubject' | 'getTopic' | 'getChannel' | 'getEvent', () => unknown>
>;

/** A message handler whose answers are cached: all the values it emits, as one. */
export class MessageHandler implements Handler {
  constructor(private readonly parts: MessageParts) {}

  answer(context: ExecutionContext, next: CallHandler): Observable<unknown> | Promise<Observable<unknown>> {
    const { desk, options, tags } = this.parts;
    if (desk.isBypassed()) return next.handle();
    const key = this.#keyOf(context);
    if (key === undefined) {
      desk.statistics.bypassed++;
      return next.handle();
    }
    return replay(() =>
      desk.read({
        region: desk.region,
        key,
        options,
        load: ({ signal }) => collect(next.handle(), signal, () => this.parts.route),
        tags: () => tags,
        tagsOfResult: undefined,
        unless: undefined,
      }),
    );
  }

  /** `undefined` for a message that has no stable form, or is said not to be cached. */
  #keyOf(context: ExecutionContext): string | undefined {
    const { policy, desk, route } = this.parts;
    const [data, transport] = context.getArgs<[unknown, TransportContext | undefined]>();
    const own = policy.requestKey?.(context);
    if (policy.requestKey !== undefined && own === undefined) return undefined;
    const scope = policy.scope?.(context);
    if (policy.scope !== undefined && (typeof scope !== 'string' || scope === '')) {
      throw new CacheKeyError(
        `${route}: \`scope\` returned ${String(scope)}; without a text one caller could get another's answer`,
      );
    }
    const { types } = desk.region.options;
    const parts = own === undefined ? [data, patternOf(transport)] : [own];
    try {
      return desk.region.storedKey(`#m${route} ${keyOfArguments([scope, ...parts], types, () => route)}`);
    } catch (error) {
      if (error instanceof CacheKeyError) return undefined; // what others send is no mistake of the declaration
      throw error;
    }
  }
}

/** One handler may be for several patterns, or for a wildcard. */
function patternOf(transport: TransportContext | undefined): unknown {
  const method = (['getPattern', 'getSubject', 'getTopic', 'getChannel', 'getEvent'] as const).find(
    (name) => typeof transport?.[name] === 'function',
  );
  return method === undefined ? undefined : transport![method]!();
}

import { Logger, type CallHandler, type ExecutionContext } from '@nestjs/common';
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

/** A call of gRPC, whose context is but its metadata. */
type GrpcCall = Partial<Record<'getPath', () => unknown>>;

/** Why a message isn't cached that the declaration says is. */
const REASONS = {
  'no form':
    'its data have no stable form to make a key of; say `requestKey`, list their classes under `types`, or have the ' +
    'transport make other data of it (for numbers of 64 bits over gRPC: `loader: { longs: String }`)',
  'no pattern':
    'the transport doesn’t say by which of several patterns it came; say `requestKey`, or give each pattern a handler',
  'no answer':
    'the handler answers the call itself (@GrpcStreamCall), so nobody knows with what; use @GrpcStreamMethod',
} as const;

/** `PATTERN_METADATA` of Nest. */
const PATTERNS = 'microservices:pattern';

/** A message handler whose answers are cached: all the values it emits, as one. */
export class MessageHandler implements Handler {
  readonly #told = new Set<keyof typeof REASONS>();
  #patterns: readonly unknown[] | undefined;

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
    this.#patterns ??= Reflect.getMetadata(PATTERNS, context.getHandler()) as readonly unknown[];
    if (this.#patterns.some(answersItself)) return this.#pass('no answer');
    const own = policy.requestKey?.(context);
    if (policy.requestKey !== undefined && own === undefined) return undefined;
    const scope = policy.scope?.(context);
    if (policy.scope !== undefined && (typeof scope !== 'string' || scope === '')) {
      throw new CacheKeyError(
        `${route}: \`scope\` returned ${String(scope)}; without a text one caller could get another's answer`,
      );
    }
    const parts = own === undefined ? this.#partsOf(context) : [own];
    if (parts === undefined) return undefined;
    const key = this.#keyOfParts([scope, ...parts]);
    return key === undefined ? undefined : desk.region.storedKey(`#m${route} ${key}`);
  }

  #keyOfParts(parts: readonly unknown[]): string | undefined {
    try {
      return keyOfArguments(parts, this.parts.desk.region.options.types, () => this.parts.route);
    } catch (error) {
      if (!(error instanceof CacheKeyError)) throw error;
      return this.#pass('no form'); // what others send is no mistake of the declaration
    }
  }

  /** The data and the pattern, as one handler may be for several, or for a wildcard. */
  #partsOf(context: ExecutionContext): readonly unknown[] | undefined {
    const [data, transport, call] = context.getArgs<[unknown, TransportContext | undefined, GrpcCall | undefined]>();
    const pattern = patternOf(transport) ?? call?.getPath?.();
    if (pattern === undefined && isForSeveral(this.#patterns!)) return this.#pass('no pattern');
    return [data, pattern];
  }

  #pass(reason: keyof typeof REASONS): undefined {
    if (this.#told.has(reason)) return;
    this.#told.add(reason);
    const [handler] = this.parts.route.split('@');
    new Logger('CacheModule').warn(`${handler} got a message that isn’t cached, nor any like it: ${REASONS[reason]}`);
  }
}

function patternOf(transport: TransportContext | undefined): unknown {
  const method = (['getPattern', 'getSubject', 'getTopic', 'getChannel', 'getEvent'] as const).find(
    (name) => typeof transport?.[name] === 'function',
  );
  return method === undefined ? undefined : transport![method]!();
}

/** `GrpcMethodStreamingType.PT_STREAMING` of Nest. */
const answersItself = (pattern: unknown): boolean =>
  (pattern as { streaming?: unknown } | null)?.streaming === 'pt_stream';

/** Whether messages of different patterns may come to a handler. */
const isForSeveral = (patterns: readonly unknown[]): boolean =>
  patterns.length > 1 || patterns.some((pattern) => pattern instanceof RegExp || /[*#+>]/.test(String(pattern)));

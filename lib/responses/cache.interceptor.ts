import {
  Inject,
  Injectable,
  Optional,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
  type Type,
} from '@nestjs/common';
import type { Observable } from 'rxjs';
import { DEFAULT_REGISTRATION, handlersToken } from '../cache.constants.js';
import type { HandlerRegistry } from './handler-registry.js';

// the same context is handed to every interceptor of a call; one that is bound twice must not wait for itself
const answered = new WeakSet<ExecutionContext>();

/**
 * Caches the responses of handlers with `@Cacheable`, which applies it. Applied to a controller, or for the whole
 * application as below, it caches every GET handler that isn't marked with `@NoCache()`.
 *
 * @example { provide: APP_INTERCEPTOR, useClass: CacheInterceptor }
 */
@Injectable()
export class CacheInterceptor implements NestInterceptor {
  constructor(
    @Optional() @Inject(handlersToken(DEFAULT_REGISTRATION)) private readonly handlers: HandlerRegistry | undefined,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> | Promise<Observable<unknown>> {
    if (this.handlers === undefined || answered.has(context)) return next.handle();
    const handler = this.handlers.find(context);
    if (handler === undefined) return next.handle();
    answered.add(context);
    return handler.answer(context, next);
  }
}

const interceptors = new Map<string, Type<NestInterceptor>>([[DEFAULT_REGISTRATION, CacheInterceptor]]);

/** The interceptor of a registration. */
export function interceptorOf(registration: string): Type<NestInterceptor> {
  const known = interceptors.get(registration);
  if (known !== undefined) return known;
  class NamedCacheInterceptor extends CacheInterceptor {}
  Inject(handlersToken(registration))(NamedCacheInterceptor, undefined, 0);
  Optional()(NamedCacheInterceptor, undefined as unknown as string, 0);
  Injectable()(NamedCacheInterceptor);
  interceptors.set(registration, NamedCacheInterceptor);
  return NamedCacheInterceptor;
}

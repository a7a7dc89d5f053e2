import type { CallHandler, ExecutionContext } from '@nestjs/common';
import { tap, type Observable } from 'rxjs';
import { edgeKeyOf } from '../edge/edge-keys.js';
import { isSoftTag, tagBehind } from '../entry/tags.js';
import { withScope } from '../flow/scope.js';
import { cacheGroupInvalidation } from '../http/cache-groups.js';
import type { Handler } from './handler.js';
import { HttpExchange } from './http-exchange.js';

/**
 * A route handler that changes something: its response tells other caches which groups it invalidated.
 * https://www.rfc-editor.org/rfc/rfc9875#section-3
 */
export const UNSAFE: Handler = {
  answer(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType() !== 'http') return next.handle();
    const [request, response] = context.getArgs<[unknown, unknown]>();
    const exchange = new HttpExchange(request, response);
    const invalidated = new Set<string>();
    const witness = (tags: readonly string[]): void => {
      for (const tag of tags) invalidated.add(edgeKeyOf(isSoftTag(tag) ? tagBehind(tag) : tag));
    };
    const tell = (): void => {
      const { value } = cacheGroupInvalidation(exchange.method, [...invalidated]);
      if (value !== undefined && !exchange.isAnswered) exchange.set('cache-group-invalidation', value);
    };
    return withScope({ witness }, () => next.handle()).pipe(tap({ complete: tell, error: tell }));
  },
};

import { UseInterceptors } from '@nestjs/common';
import { DEFAULT_REGISTRATION } from '../cache.constants.js';
import { interceptorOf } from '../responses/cache.interceptor.js';

/** `INTERCEPTORS_METADATA` of Nest. */
const INTERCEPTORS = '__interceptors__';

/**
 * Has Nest ask the interceptor of a registration about calls of a method, should it turn out to be a handler: when a
 * decorator runs nobody knows yet, as `@Get()` may be above it.
 */
export function applyInterceptor(
  target: object,
  propertyKey: string | symbol,
  descriptor: PropertyDescriptor,
  registration: string = DEFAULT_REGISTRATION,
): void {
  const interceptor = interceptorOf(registration);
  const applied = (Reflect.getMetadata(INTERCEPTORS, descriptor.value as object) as unknown[] | undefined) ?? [];
  if (!applied.includes(interceptor)) UseInterceptors(interceptor)(target, propertyKey, descriptor);
}

/** The same for all handlers of a controller. */
export const applyInterceptorToAll = (controller: object, registration: string = DEFAULT_REGISTRATION): void =>
  UseInterceptors(interceptorOf(registration))(controller as never);

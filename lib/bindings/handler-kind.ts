/**
 * Metadata of other packages by which a method is called with something else than what its callers give. Their names are
 * no public constants, and the same in Nest 10, 11 and 12; a test compares them with what the decorators write.
 */
const KEYS = {
  path: 'path',
  pattern: 'microservices:pattern',
  handlerType: 'microservices:handler_type',
  resolver: 'graphql:resolver_type',
  socketMessage: 'websockets:message_mapping',
} as const;

/** `PatternHandler.EVENT` of Nest. */
const EVENT_HANDLER = 2;

/** What kind of caller a method is for; `undefined`: code of the application. */
export type HandlerKind = 'route' | 'message' | 'event' | 'resolver' | 'socket';

export function handlerKindOf(method: unknown): HandlerKind | undefined {
  if (typeof method !== 'function') return undefined;
  if (Reflect.hasMetadata(KEYS.path, method)) return 'route';
  if (Reflect.hasMetadata(KEYS.pattern, method)) {
    return Reflect.getMetadata(KEYS.handlerType, method) === EVENT_HANDLER ? 'event' : 'message';
  }
  if (Reflect.hasMetadata(KEYS.resolver, method)) return 'resolver';
  return Reflect.hasMetadata(KEYS.socketMessage, method) ? 'socket' : undefined;
}

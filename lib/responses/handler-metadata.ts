import { RequestMethod, type Type } from '@nestjs/common';

/**
 * What decorators of Nest left on a handler. Their names are no public constants, the same in Nest 10, 11 and 12; a test
 * compares them with what the decorators write.
 */
const KEYS = {
  path: 'path',
  method: 'method',
  host: 'host',
  version: '__version__',
  redirect: '__redirect__',
  sse: '__sse__',
  render: '__renderTemplate__',
  headers: '__headers__',
  arguments: '__routeArguments__',
  passthrough: '__responsePassthrough__',
  pattern: 'microservices:pattern',
} as const;

/** `RouteParamtypes` of Nest. */
const [RESPONSE_PARAMETER, NEXT_PARAMETER] = [1, 2];
/** What a controller and a handler said to tell it from others: paths, versions, patterns. */
export const namesOf = (controller: Type, method: object): readonly unknown[] => [
  ...[KEYS.path, KEYS.version].flatMap((key) => [
    Reflect.getMetadata(key, controller),
    Reflect.getMetadata(key, method),
  ]),
  Reflect.getMetadata(KEYS.pattern, method),
];

/** A route handler as Nest will call it. */
export interface RouteShape {
  readonly requestMethod: RequestMethod;
  /** It answers the client itself, so nobody knows with what. */
  readonly answersItself: boolean;
  /** It may set headers and a status on the response it is given. */
  readonly hasResponse: boolean;
  readonly isSse: boolean;
  readonly isRendered: boolean;
  readonly redirect: { readonly statusCode?: number } | undefined;
  /** What it says with `@Header`, set before anybody is asked: names in lower case. */
  readonly declaredHeaders: readonly string[];
  /** The controller answers some hosts only, or each its own way. */
  readonly byHost: boolean;
}

export function routeShapeOf(controller: Type, name: string, method: object): RouteShape {
  const parameters = Object.keys((Reflect.getMetadata(KEYS.arguments, controller, name) as object | undefined) ?? {});
  const hasParameter = (type: number): boolean => parameters.some((key) => key.startsWith(`${type}:`));
  const passesThrough = Reflect.getMetadata(KEYS.passthrough, controller, name) === true;
  const hasResponse = hasParameter(RESPONSE_PARAMETER);
  return {
    requestMethod: (Reflect.getMetadata(KEYS.method, method) as RequestMethod | undefined) ?? RequestMethod.GET,
    answersItself: (hasResponse || hasParameter(NEXT_PARAMETER)) && !passesThrough,
    hasResponse,
    isSse: Reflect.hasMetadata(KEYS.sse, method),
    isRendered: Reflect.hasMetadata(KEYS.render, method),
    redirect: Reflect.getMetadata(KEYS.redirect, method) as RouteShape['redirect'],
    declaredHeaders: declaredHeadersOf(method),
    byHost: Reflect.getMetadata(KEYS.host, controller) !== undefined,
  };
}

function declaredHeadersOf(method: object): string[] {
  const declared = Reflect.getMetadata(KEYS.headers, method) as readonly { readonly name: string }[] | undefined;
  return (declared ?? []).map(({ name }) => name.toLowerCase());
}

/** What a handler is called on its controller: somebody else's wrapper may have another name. */
export function nameOfHandler(controller: Type, method: { readonly name: string }): string {
  for (let level = controller.prototype as object | null; level !== null;) {
    const properties = Object.entries(Object.getOwnPropertyDescriptors(level));
    const found = properties.find(([, { value }]) => value === method);
    if (found !== undefined) return found[0];
    level = Object.getPrototypeOf(level) as object | null;
  }
  return method.name;
}

/** Whether one handler answers several versions of the API, so that its class and name don't tell them apart. */
export const isForSeveralVersions = (controller: Type, method: object): boolean =>
  [method, controller].some((said) => Array.isArray(Reflect.getMetadata(KEYS.version, said)));

/** Whether the handler is for requests that only read. */
export const answersGet = ({ requestMethod }: RouteShape): boolean =>
  requestMethod === RequestMethod.GET || requestMethod === RequestMethod.HEAD || requestMethod === RequestMethod.ALL;

import * as common from '@nestjs/common';
import { describeError, rebuildError, type ErrorType } from '../entry/cacheable-types.js';

type Exceptions = Readonly<Record<string, { readonly prototype: object } | undefined>>;

/** Nest's own exception of that name, so that a cached `NotFoundException` comes back as one. */
const prototypeFor = (name: string): object => {
  const prototype = (common as unknown as Exceptions)[name]?.prototype;
  return prototype instanceof common.HttpException ? prototype : common.HttpException.prototype;
};

/** Cached HTTP errors keep their class, status and body. */
export const httpExceptionType: ErrorType = {
  name: 'HttpException',
  matches: (error) => error instanceof common.HttpException,
  to: (error) => ({ ...describeError(error), name: error.constructor.name }),
  from: (data) => {
    const plain = data as ReturnType<typeof describeError>;
    return rebuildError(prototypeFor(plain.name), plain);
  },
};

import type { CallHandler, ExecutionContext } from '@nestjs/common';
import type { Observable } from 'rxjs';

/** What becomes of the calls of one handler. */
export interface Handler {
  answer(context: ExecutionContext, next: CallHandler): Observable<unknown> | Promise<Observable<unknown>>;
}

/** Nothing does. */
export const PASS: Handler = { answer: (_context, next) => next.handle() };

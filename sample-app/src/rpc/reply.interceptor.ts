import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { from, lastValueFrom, type Observable } from 'rxjs';
import { WorkReceipts, type WorkReceipt } from './work-receipts.js';

/** What travels back over TCP: the answer, and what it cost. */
export interface Reply<Answer> {
  answer: Answer;
  receipt: WorkReceipt;
}

@Injectable()
export class ReplyInterceptor<Answer> implements NestInterceptor<Answer, Reply<Answer>> {
  constructor(private readonly receipts: WorkReceipts) {}

  intercept(_context: ExecutionContext, next: CallHandler<Answer>): Observable<Reply<Answer>> {
    return from(this.receipts.collect(() => lastValueFrom(next.handle())));
  }
}

import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import { from, lastValueFrom, map, type Observable } from 'rxjs';
import { WorkReceipts } from '../rpc/work-receipts.js';

/** Says in the headers of each answer what it cost: `x-sql-queries` and `server-timing`. */
@Injectable()
export class CostInterceptor implements NestInterceptor {
  constructor(private readonly receipts: WorkReceipts) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const begin = performance.now();
    return from(this.receipts.collect(() => lastValueFrom<unknown>(next.handle()))).pipe(
      map(({ answer, receipt }) => {
        const response = context.switchToHttp().getResponse<ServerResponse>();
        const totalMs = performance.now() - begin;
        response.setHeader('x-sql-queries', receipt.queries);
        response.setHeader('server-timing', `total;dur=${totalMs.toFixed(2)}, sql;dur=${receipt.ms.toFixed(2)}`);
        return answer;
      }),
    );
  }
}

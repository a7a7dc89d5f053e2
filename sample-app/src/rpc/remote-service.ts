import { BadGatewayException, HttpException, ServiceUnavailableException } from '@nestjs/common';
import type { ClientProxy } from '@nestjs/microservices';
import { catchError, lastValueFrom, timeout } from 'rxjs';
import type { ServiceName } from '../services.js';
import type { Refusal } from './not-found.rpc-exception.js';
import type { Reply } from './reply.interceptor.js';
import type { WorkReceipts } from './work-receipts.js';

const DEADLINE_MS = 5_000;

/** A service as the gateway sees it: one question, one answer, or the HTTP error that says why not. */
export class RemoteService {
  constructor(
    readonly name: ServiceName,
    private readonly client: ClientProxy,
    private readonly receipts: WorkReceipts,
  ) {}

  async ask<Answer>(pattern: string, question: unknown): Promise<Answer> {
    const reply = await lastValueFrom(
      this.client.send<Reply<Answer>>(pattern, question).pipe(
        timeout(DEADLINE_MS),
        catchError((error: unknown) => {
          throw this.explain(error);
        }),
      ),
    );
    this.receipts.add(reply.receipt);
    return reply.answer;
  }

  private explain(error: unknown): HttpException {
    const { status, message } = error as Partial<Refusal> & { status?: unknown };
    if (typeof status === 'number') return new HttpException({ statusCode: status, message }, status);
    if (status === 'error') return new BadGatewayException(`The ${this.name} service could not answer`);
    return new ServiceUnavailableException(`The ${this.name} service is not there`);
  }
}

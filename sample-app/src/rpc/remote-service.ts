import { BadGatewayException, HttpException, ServiceUnavailableException } from '@nestjs/common';
import type { ClientProxy } from '@nestjs/microservices';
import { lastValueFrom, timeout } from 'rxjs';
import type { ServiceName } from '../services.js';
import type { Refusal } from './not-found.rpc-exception.js';
import type { Reply } from './reply.interceptor.js';
import type { WorkReceipts } from './work-receipts.js';

const DEADLINE_MS = 5_000;

/** A service as the gateway sees it: one question, one answer, or the HTTP error that says why not. */
export class RemoteService {
  private turns = 0;

  /** @param clients one for each process of the service; they are asked in turn */
  constructor(
    readonly name: ServiceName,
    private readonly clients: readonly ClientProxy[],
    private readonly receipts: WorkReceipts,
  ) {}

  async ask<Answer>(pattern: string, question: unknown): Promise<Answer> {
    const turn = this.turns++;
    for (let attempt = 1; ; attempt++) {
      const client = this.clients[(turn + attempt) % this.clients.length]!;
      try {
        const asked = client.send<Reply<Answer>>(pattern, question).pipe(timeout(DEADLINE_MS));
        const { answer, receipt } = await lastValueFrom(asked);
        this.receipts.add(receipt);
        return answer;
      } catch (error) {
        // nobody was there to hear it, so that another one may be asked even for a change
        if (isRefusedConnection(error) && attempt < this.clients.length) continue;
        throw this.explain(error);
      }
    }
  }

  private explain(error: unknown): HttpException {
    const { status, message } = error as Partial<Refusal> & { status?: unknown };
    if (typeof status === 'number') return new HttpException({ statusCode: status, message }, status);
    if (status === 'error') return new BadGatewayException(`The ${this.name} service could not answer`);
    return new ServiceUnavailableException(`The ${this.name} service is not there`);
  }
}

const isRefusedConnection = (error: unknown): boolean => (error as { code?: unknown } | null)?.code === 'ECONNREFUSED';

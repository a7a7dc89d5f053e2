import { Injectable } from '@nestjs/common';
import { AsyncLocalStorage } from 'node:async_hooks';

/** What a piece of work cost the database. */
export interface WorkReceipt {
  queries: number;
  ms: number;
}

/** Adds up the cost of everything that is done inside `collect`. */
@Injectable()
export class WorkReceipts {
  private readonly scope = new AsyncLocalStorage<WorkReceipt>();

  async collect<Answer>(work: () => Promise<Answer>): Promise<{ answer: Answer; receipt: WorkReceipt }> {
    const receipt: WorkReceipt = { queries: 0, ms: 0 };
    const answer = await this.scope.run(receipt, work);
    return { answer, receipt };
  }

  add({ queries, ms }: WorkReceipt): void {
    const receipt = this.scope.getStore();
    if (!receipt) return;
    receipt.queries += queries;
    receipt.ms += ms;
  }
}

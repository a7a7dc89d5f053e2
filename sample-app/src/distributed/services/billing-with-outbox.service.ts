import { Injectable } from '@nestjs/common';
import { CacheService } from 'nestjs-hybrid-cache';
import { CacheOutbox } from 'nestjs-hybrid-cache/events';
import type { ReceivedPayment } from '../../billing/billing.contract.js';
import { BillingService } from '../../billing/billing.service.js';
import { Database, type Transaction } from '../../database/database.js';
import { tags } from '../../tags.js';

/**
 * What somebody has paid mustn't be missing from the statement for minutes, whoever is killed when: the event is written
 * in the transaction of the payment and sent afterwards, by the next process if need be.
 */
@Injectable()
export class BillingWithOutboxService extends BillingService {
  constructor(
    database: Database,
    private readonly cache: CacheService,
    private readonly outbox: CacheOutbox<Transaction>,
  ) {
    super(database);
  }

  override pay(accountId: number, amountCents: number): Promise<ReceivedPayment> {
    return this.cache.afterCommit(() =>
      this.database.transaction(async (transaction) => {
        const received = await super.pay(accountId, amountCents);
        await this.outbox.add(transaction, { tags: [tags.statement(accountId)] });
        return received;
      }),
    );
  }
}

import { Injectable } from '@nestjs/common';
import { Cacheable, CacheTags } from 'nestjs-hybrid-cache';
import { BILLING, type Payment, type ReceivedPayment, type Statement } from '../billing/billing.contract.js';
import { RemoteService } from '../rpc/remote-service.js';
import { InjectService } from '../rpc/rpc.module.js';
import { tags } from '../tags.js';

@Injectable()
export class BillingClient {
  constructor(@InjectService('billing') private readonly billing: RemoteService) {}

  @Cacheable({ cache: 'statements', key: (accountId: number) => accountId })
  @CacheTags((accountId: number) => [tags.statement(accountId)])
  statement(accountId: number): Promise<Statement> {
    return this.billing.ask(BILLING.statement, { accountId });
  }

  pay(accountId: number, payment: Payment): Promise<ReceivedPayment> {
    return this.billing.ask(BILLING.pay, { accountId, ...payment });
  }
}

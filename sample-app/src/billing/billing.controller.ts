import { Controller, UseInterceptors } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { ReplyInterceptor } from '../rpc/reply.interceptor.js';
import { BILLING, type ReceivedPayment, type Statement } from './billing.contract.js';
import { BillingService } from './billing.service.js';

@Controller()
@UseInterceptors(ReplyInterceptor)
export class BillingController {
  constructor(private readonly billing: BillingService) {}

  @MessagePattern(BILLING.statement)
  statement(@Payload('accountId') accountId: number): Promise<Statement> {
    return this.billing.statement(accountId);
  }

  @MessagePattern(BILLING.pay)
  pay(@Payload('accountId') accountId: number, @Payload('amountCents') amountCents: number): Promise<ReceivedPayment> {
    return this.billing.pay(accountId, amountCents);
  }
}

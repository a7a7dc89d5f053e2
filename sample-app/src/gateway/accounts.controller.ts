import { Body, Controller, Get, Param, Patch, Post } from '@nestjs/common';
import type { Payment, ReceivedPayment, Statement } from '../billing/billing.contract.js';
import type { ChangedProfile, Profile, ProfileChange } from '../users/users.contract.js';
import { BillingClient } from './billing.client.js';
import { BodyPipe } from './body.pipe.js';
import { flag, integer, text } from './fields.js';
import { IdPipe } from './id.pipe.js';
import { UsersClient } from './users.client.js';

export interface AccountPage {
  profile: Profile;
  statement: Statement;
}

const profileChange = new BodyPipe<ProfileChange>({ name: text(80), newsletter: flag }, ['name', 'newsletter']);
const payment = new BodyPipe<Payment>({ amountCents: integer(1, 10_000_000) });

@Controller('accounts/:id')
export class AccountsController {
  constructor(
    private readonly users: UsersClient,
    private readonly billing: BillingClient,
  ) {}

  @Get()
  async page(@Param('id', IdPipe) id: number): Promise<AccountPage> {
    const [profile, statement] = await Promise.all([this.users.profile(id), this.billing.statement(id)]);
    return { profile, statement };
  }

  @Patch()
  update(@Param('id', IdPipe) id: number, @Body(profileChange) change: ProfileChange): Promise<ChangedProfile> {
    return this.users.update(id, change);
  }

  @Post('payments')
  pay(@Param('id', IdPipe) id: number, @Body(payment) received: Payment): Promise<ReceivedPayment> {
    return this.billing.pay(id, received);
  }
}

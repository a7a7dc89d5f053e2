import { Injectable } from '@nestjs/common';
import { CacheEvict } from 'nestjs-hybrid-cache';
import { Database } from '../database/database.js';
import { NotFoundRpcException } from '../rpc/not-found.rpc-exception.js';
import { tags } from '../tags.js';
import type { ReceivedPayment, Statement } from './billing.contract.js';

@Injectable()
export class BillingService {
  constructor(protected readonly database: Database) {}

  /** What is open, less what was paid on account. */
  async statement(accountId: number): Promise<Statement> {
    const statement = await this.database.row<Statement>(
      `select a.version, (i.open - p.cents)::int as "balanceCents", p.cents::int as "onAccountCents",
         i.invoices as "openInvoices"
       from billing.accounts a
       cross join lateral (
         select coalesce(sum("totalCents" - "paidCents"), 0) as open,
           coalesce(json_agg(invoice order by "issuedOn"), '[]') as invoices
         from (
           select i.id, i.issued_on as "issuedOn", i.due_on as "dueOn", l.total as "totalCents",
             coalesce(p.paid, 0) as "paidCents"
           from billing.invoices i
           cross join lateral (
             select sum(quantity * unit_cents) as total from billing.invoice_lines where invoice_id = i.id
           ) l
           cross join lateral (
             select sum(amount_cents) as paid from billing.payments where invoice_id = i.id
           ) p
           where i.user_id = a.user_id
         ) invoice
         where "paidCents" < "totalCents"
       ) i
       cross join lateral (
         select coalesce(sum(amount_cents), 0) as cents from billing.payments
         where user_id = a.user_id and invoice_id is null
       ) p
       where a.user_id = $1`,
      accountId,
    );
    if (!statement) throw new NotFoundRpcException(`There is no account ${accountId}`);
    return statement;
  }

  @CacheEvict({ tags: (accountId: number) => [tags.statement(accountId)] })
  async pay(accountId: number, amountCents: number): Promise<ReceivedPayment> {
    const received = await this.database.row<ReceivedPayment>(
      `with account as (
         update billing.accounts set version = version + 1
         where user_id = $1
         returning user_id, version
       ), payment as (
         insert into billing.payments (user_id, amount_cents)
         select user_id, $2 from account
         returning id, user_id, amount_cents
       )
       select p.id, a.user_id as "accountId", a.version, p.amount_cents as "amountCents"
       from account a join payment p on p.user_id = a.user_id`,
      accountId,
      amountCents,
    );
    if (!received) throw new NotFoundRpcException(`There is no account ${accountId}`);
    return received;
  }
}

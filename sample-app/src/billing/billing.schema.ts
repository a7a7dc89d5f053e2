import { dice } from '../database/dice.js';
import { SIZE } from '../database/size.js';

export const billingSchema = `
  create table billing.accounts (user_id int primary key, version int not null default 1);
  create table billing.invoices (
    id int generated always as identity primary key,
    user_id int not null references billing.accounts,
    issued_on date not null,
    due_on date not null
  );
  create table billing.invoice_lines (
    id int generated always as identity primary key,
    invoice_id int not null references billing.invoices,
    description text not null,
    quantity int not null,
    unit_cents int not null
  );
  create table billing.payments (
    id int generated always as identity primary key,
    user_id int not null references billing.accounts,
    invoice_id int references billing.invoices,
    amount_cents int not null check (amount_cents > 0),
    paid_at timestamptz not null default now()
  );

  insert into billing.accounts select n from generate_series(1, ${SIZE.users}) n;

  insert into billing.invoices (user_id, issued_on, due_on)
  select a.user_id, issued_on, issued_on + 30
  from billing.accounts a, generate_series(0, 9) k,
    lateral (select date '2025-12-01' + k * 30 + ${dice('a.user_id', 1, 30)} as issued_on) d;

  insert into billing.invoice_lines (invoice_id, description, quantity, unit_cents)
  select i.id, 'Order ' || i.id || '-' || k, 1 + ${dice('i.id * 4 + k', 2, 3)}, 500 + ${dice('i.id * 4 + k', 3, 90)} * 50
  from billing.invoices i, generate_series(1, 4) k;

  -- Three of four invoices are settled, one in eight partly.
  insert into billing.payments (user_id, invoice_id, amount_cents, paid_at)
  select i.user_id, i.id, case when chance < 6 then total else total / 2 end, i.due_on - 7
  from billing.invoices i
  join (select invoice_id, sum(quantity * unit_cents) as total from billing.invoice_lines group by invoice_id) l
    on l.invoice_id = i.id,
    lateral (select ${dice('i.id', 4, 8)} as chance) c
  where chance < 7;

  -- Where events wait until they are sent, when billing is a process of its own.
  create table billing.cache_outbox (
    id bigint generated always as identity primary key,
    event text not null,
    added_at timestamptz not null default now()
  );

  create index on billing.invoices (user_id, issued_on);
  create index on billing.invoice_lines (invoice_id);
  create index on billing.payments (invoice_id);
  create index on billing.payments (user_id) where invoice_id is null;
`;

export const BILLING = {
  statement: 'billing.statement',
  pay: 'billing.pay',
} as const;

export interface Statement {
  version: number;
  balanceCents: number;
  onAccountCents: number;
  openInvoices: OpenInvoice[];
}

export interface OpenInvoice {
  id: number;
  issuedOn: string;
  dueOn: string;
  totalCents: number;
  paidCents: number;
}

export interface Payment {
  amountCents: number;
}

export interface ReceivedPayment extends Payment {
  id: number;
  accountId: number;
  version: number;
}

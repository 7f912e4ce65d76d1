-- What was charged back of a payment, without reading all that ever was in its account: a column of its own, for behind
-- row-level security no index on what is inside a document is used.
alter table entry add column taken_from text
  generated always as (case when kind = 'chargeback' then context ->> 'ledgerEntryReference' end) stored;
create index entry_taken_from on entry (tenant_id, account_id, taken_from) where taken_from is not null;
drop index entry_chargebacks;

-- An entry of an index has at most 2,700 bytes, a payment reference up to 4,000. Nobody is asked for by one of more than 255
-- characters (Payofin), so longer ones need not be found.
drop index account_by_payment_reference;
create index account_by_payment_reference on account (tenant_id, payment_reference) where length(payment_reference) <= 255;

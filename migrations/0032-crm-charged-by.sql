-- The payment provider that was asked to charge the card of a payment. If the charge has to be finished later, it is asked
-- again, whatever providers the tenant has then. Null: no card was charged, or before this was noted.
alter table crm_payment add column charged_by text;

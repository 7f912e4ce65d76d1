-- The principals that a claim had before it moved or began anew: they keep its reference, and what was paid on them counts.
create index item_of_claim on item (tenant_id, reference) where kind = 'invoice';

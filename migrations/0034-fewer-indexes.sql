-- Nothing reads the claims of an account in the order of their references any more: `claim_by_posting` has another order and
-- the same beginning. Each index more is one more to write whenever a claim is made or its status changes.
drop index claim_by_account;

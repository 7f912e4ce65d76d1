-- First answers may show secrets that are shown once, so they are kept sealed. What `answer` still holds in the clear is of
-- servers before this one; it ends with its rows, after 72 hours.
alter table idempotent_request add column answer_sealed bytea;

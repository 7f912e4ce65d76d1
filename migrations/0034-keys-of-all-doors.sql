-- When something was first committed for a request whose answer is stored behind its effect and not with it. Such a request
-- is never done again, whatever became of it.
alter table idempotent_request add column acted_at timestamptz;

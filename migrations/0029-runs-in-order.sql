-- Runs of one time are moved on in the order in which they began, without sorting all that are due at that time.
create index journey_run_next on journey_run (tenant_id, next_at, run_id) where status = 'RUNNING' and next_at is not null;
drop index journey_run_due;

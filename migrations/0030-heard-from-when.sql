-- A webhook is told of what is committed after it became active, however far behind the reading of events is: what happened
-- while it was inactive is not told later. An instant would not do; a commit may be later than the instant that it bears.
-- Those that were there before this column heard of everything since they were made: in that snapshot nothing is visible.
alter table webhook_subscription add column active_since pg_snapshot not null default '1:1:';
alter table webhook_subscription alter column active_since set default pg_current_snapshot();

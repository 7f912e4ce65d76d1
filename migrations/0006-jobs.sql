-- The application role's only way into the job queue. The queue's own schema, graphile_worker, is installed by
-- installJobs, perhaps later than this: plpgsql looks for it at the first call.
--
-- A second job with the key of one that still waits takes its place; one that is running keeps running, and the new job
-- comes behind it. add_job overlooks a job that is taken between its two statements: it then adds nothing and answers
-- null, so it is asked again, and now sees that the job is running.
-- clock_timestamp, not now(): two jobs that one transaction adds to a queue run in the order of their adding.
create function enqueue_job(task text, payload json, queue text, job_key text, run_at timestamptz default null)
  returns void
  language plpgsql security definer set search_path = quittance, pg_temp
  as $$
declare
  added bigint;
begin
  for attempt in 1..10 loop
    added := (graphile_worker.add_job(
      identifier := enqueue_job.task,
      payload := enqueue_job.payload,
      queue_name := enqueue_job.queue,
      run_at := coalesce(enqueue_job.run_at, clock_timestamp()),
      job_key := enqueue_job.job_key,
      job_key_mode := 'replace')).id;
    if added is not null then return; end if;
  end loop;
  raise exception 'the job % with key % could not be added', task, job_key using errcode = 'serialization_failure';
end $$;

revoke all on function enqueue_job(text, json, text, text, timestamptz) from public;
grant execute on function enqueue_job(text, json, text, text, timestamptz) to quittance_app;

-- Workers say the id of a job and not whose it is.
CREATE INDEX job_by_id ON processing_job (id);
-- Lists of jobs, newest first.
CREATE INDEX job_page ON processing_job (owner_id, created_at, id);
CREATE INDEX run_page ON processing_run (owner_id, created_at, id);

-- Numbers of transactions are those of one PostgreSQL cluster and of one line of its history. A ledger that is restored in
-- another one, or goes back in time, counts on from a number above every one that may have been told, so that whoever reads
-- on from a place in the log misses nothing that comes.
CREATE TABLE feed (
  one     bigint PRIMARY KEY CHECK (one = 1),
  base    bigint NOT NULL CHECK (base >= 0), -- is added to the number of a transaction
  cluster text -- where the numbers are from
);
INSERT INTO feed VALUES (1, 0, NULL);
CREATE FUNCTION windlass_txid() RETURNS bigint LANGUAGE sql STABLE AS
  $$ SELECT pg_current_xact_id()::text::bigint + (SELECT base FROM feed) $$;
ALTER TABLE outbox_entry ALTER COLUMN txid SET DEFAULT windlass_txid();

-- What could not be processed is told until a person has seen it; seen or not, it stays what it is.
ALTER TABLE processing ADD COLUMN seen INTEGER NOT NULL DEFAULT 0 CHECK (seen = 0 OR seen = 1);

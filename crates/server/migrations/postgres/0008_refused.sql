-- Types of files that a destination refuses, by the ending of their names; as sqlite/0008_refused.sql has it.
ALTER TABLE destination ADD COLUMN refused_types text NOT NULL DEFAULT '[]'
  CHECK (jsonb_typeof(refused_types::jsonb) = 'array' AND octet_length(refused_types) <= 65536);

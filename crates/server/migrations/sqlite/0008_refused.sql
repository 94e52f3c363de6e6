-- Types of files that a destination refuses, by the ending of their names: an array of texts.
ALTER TABLE destination ADD COLUMN refused_types TEXT NOT NULL DEFAULT '[]'
  CHECK (json_valid(refused_types) AND json_type(refused_types) = 'array' AND length(CAST(refused_types AS BLOB)) <= 65536);

-- Who somebody is at an identity provider: the provider's address and what it calls them, never a name or a mail address,
-- for those pass from one person to another.
CREATE TABLE owner_identity (
  issuer       TEXT NOT NULL CHECK (length(CAST(issuer AS BLOB)) BETWEEN 1 AND 1024),
  subject      TEXT NOT NULL CHECK (length(CAST(subject AS BLOB)) BETWEEN 1 AND 255),
  owner_id     BLOB NOT NULL REFERENCES owner (id),
  created_at   INTEGER NOT NULL,
  last_seen_at INTEGER NOT NULL,
  PRIMARY KEY (issuer, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX owner_identity_owner ON owner_identity (owner_id);

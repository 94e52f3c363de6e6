-- Who somebody is at an identity provider: the provider's address and what it calls them, never a name or a mail address,
-- for those pass from one person to another.
CREATE TABLE owner_identity (
  issuer       text NOT NULL CHECK (octet_length(issuer) BETWEEN 1 AND 1024),
  subject      text NOT NULL CHECK (octet_length(subject) BETWEEN 1 AND 255),
  owner_id     uuid NOT NULL REFERENCES owner (id),
  created_at   bigint NOT NULL,
  last_seen_at bigint NOT NULL,
  PRIMARY KEY (issuer, subject)
);
CREATE INDEX owner_identity_owner ON owner_identity (owner_id);

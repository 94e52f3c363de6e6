-- What a destination takes, as its control plane told it last: an object of core's `Accepts`. '{}' is everything, and what is
-- known of one that was not asked yet.
ALTER TABLE destination ADD COLUMN accepts TEXT NOT NULL DEFAULT '{}'
    CHECK (json_valid(accepts) AND length(CAST(accepts AS BLOB)) <= 65536);

-- Which content went to a destination: whether a file that was just given is there already, under whatever name.
CREATE INDEX receipt_content ON receipt (destination_id, size, sha256);
CREATE INDEX receipt_hash_content ON receipt_hash (sha256);

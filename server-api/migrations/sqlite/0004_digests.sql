-- SHA-256 of stored values that nothing else protects, so that a flipped bit is told from a wrong
-- passphrase. NULL until the server has started once with this migration.
ALTER TABLE accounts ADD COLUMN opaque_record_sha256 BLOB;
ALTER TABLE accounts ADD COLUMN recovery_key_sha256 BLOB;
ALTER TABLE accounts ADD COLUMN certificate_sha256 BLOB;

-- A secret that is in data.secrets_file has an empty value here, and a digest that says which file it is.
ALTER TABLE server_secrets ADD COLUMN sha256 BLOB;

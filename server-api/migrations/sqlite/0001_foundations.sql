-- Times are milliseconds since 1970; ids are 16 random bytes; digests are SHA-256.
-- The class of every column is in inventory.toml.

CREATE TABLE accounts (
    id BLOB NOT NULL PRIMARY KEY,
    address TEXT NOT NULL UNIQUE,
    suite BIGINT NOT NULL,
    opaque_record BLOB NOT NULL,
    recovery_key BLOB NOT NULL,
    certificate BLOB NOT NULL,
    epoch BIGINT NOT NULL,
    used_bytes BIGINT NOT NULL,
    quota_bytes BIGINT NOT NULL,
    feed_seq BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE account_objects (
    account_id BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    kind BIGINT NOT NULL,
    object_id BLOB NOT NULL,
    version BIGINT NOT NULL,
    envelope BLOB NOT NULL,
    PRIMARY KEY (account_id, kind, object_id)
);

CREATE TABLE sessions (
    id BLOB NOT NULL PRIMARY KEY,
    account_id BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    token_hash BLOB NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    label BLOB
);
CREATE INDEX sessions_by_account ON sessions (account_id);

-- Logins, passphrase changes and recoveries under way. account_id is NULL for unknown addresses.
CREATE TABLE handshakes (
    id BLOB NOT NULL PRIMARY KEY,
    kind BIGINT NOT NULL,
    account_id BLOB REFERENCES accounts (id) ON DELETE CASCADE,
    payload BLOB NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX handshakes_by_expiry ON handshakes (expires_at);

CREATE TABLE invitations (
    code_hash BLOB NOT NULL PRIMARY KEY,
    created_at BIGINT NOT NULL,
    used_at BIGINT
);

CREATE TABLE server_secrets (
    name TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL,
    created_at BIGINT NOT NULL
);

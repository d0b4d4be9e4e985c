-- Times are milliseconds since 1970; ids are 16 random bytes; digests are SHA-256.
-- The class of every column is in inventory.toml.

CREATE TABLE accounts (
    id BYTEA NOT NULL PRIMARY KEY,
    address TEXT NOT NULL UNIQUE,
    suite BIGINT NOT NULL,
    opaque_record BYTEA NOT NULL,
    recovery_key BYTEA NOT NULL,
    certificate BYTEA NOT NULL,
    epoch BIGINT NOT NULL,
    used_bytes BIGINT NOT NULL,
    quota_bytes BIGINT NOT NULL,
    feed_seq BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE account_objects (
    account_id BYTEA NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    kind BIGINT NOT NULL,
    object_id BYTEA NOT NULL,
    version BIGINT NOT NULL,
    envelope BYTEA NOT NULL,
    PRIMARY KEY (account_id, kind, object_id)
);

CREATE TABLE sessions (
    id BYTEA NOT NULL PRIMARY KEY,
    account_id BYTEA NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    token_hash BYTEA NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    label BYTEA
);
CREATE INDEX sessions_by_account ON sessions (account_id);

-- Logins, passphrase changes and recoveries under way. account_id is NULL for unknown addresses.
CREATE TABLE handshakes (
    id BYTEA NOT NULL PRIMARY KEY,
    kind BIGINT NOT NULL,
    account_id BYTEA REFERENCES accounts (id) ON DELETE CASCADE,
    payload BYTEA NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX handshakes_by_expiry ON handshakes (expires_at);

CREATE TABLE invitations (
    code_hash BYTEA NOT NULL PRIMARY KEY,
    created_at BIGINT NOT NULL,
    used_at BIGINT
);

CREATE TABLE server_secrets (
    name TEXT NOT NULL PRIMARY KEY,
    value BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);

-- Messages from outside that have arrived, so that one whose sender did not hear the answer is not stored twice.
-- fingerprint: keyed by a secret of the server's, so that it confirms no guess at a content.
CREATE TABLE arrivals (
    account_id BYTEA NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    fingerprint BYTEA NOT NULL,
    arrived_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, fingerprint)
);
CREATE INDEX arrivals_by_time ON arrivals (arrived_at);

-- Other addresses of accounts. One address may have several accounts: a list. "*@domain": whatever nobody has.
CREATE TABLE aliases (
    address TEXT NOT NULL,
    account_id BYTEA NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    PRIMARY KEY (address, account_id)
);
CREATE INDEX aliases_by_account ON aliases (account_id);

-- Plain mail for other servers, until it has left or is given up. message and envelope are sealed under the queue key,
-- which is apart from the database. A route is a part of the recipients, all of one domain.
CREATE TABLE outgoing (
    id BLOB NOT NULL PRIMARY KEY,
    account_id BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    message BLOB NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX outgoing_by_account ON outgoing (account_id);
CREATE TABLE outgoing_routes (
    id BLOB NOT NULL PRIMARY KEY,
    outgoing_id BLOB NOT NULL REFERENCES outgoing (id) ON DELETE CASCADE,
    envelope BLOB NOT NULL,
    attempts BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    lease_id BLOB,
    lease_until BIGINT NOT NULL
);
CREATE INDEX outgoing_routes_by_time ON outgoing_routes (next_at);
CREATE INDEX outgoing_routes_by_outgoing ON outgoing_routes (outgoing_id);

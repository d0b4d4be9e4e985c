CREATE TABLE folders (
    id BLOB NOT NULL PRIMARY KEY,
    account_id BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    role TEXT,
    name BLOB,
    uid_validity BIGINT NOT NULL,
    uid_next BIGINT NOT NULL,
    UNIQUE (account_id, role)
);

-- A message id is unique in its account only: clients choose those of drafts.
-- arrival: 1 sealed, 2 sealed on arrival. flags: the bits of wire::mail::Flag.
CREATE TABLE messages (
    account_id BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    id BLOB NOT NULL,
    folder_id BLOB NOT NULL REFERENCES folders (id) ON DELETE CASCADE,
    uid BIGINT NOT NULL,
    blob_id BLOB NOT NULL REFERENCES blobs (id),
    size BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    flags BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    arrival BIGINT NOT NULL,
    summary BLOB NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE UNIQUE INDEX messages_by_uid ON messages (folder_id, uid);
CREATE INDEX messages_by_time ON messages (folder_id, received_at, id);
CREATE INDEX messages_by_flags ON messages (folder_id, flags);
CREATE INDEX messages_by_blob ON messages (blob_id);

-- What was sent, so that the same submission again is answered and not sent again. request_digest tells
-- a repetition from another request under the same id.
CREATE TABLE submissions (
    account_id BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    submission_id BLOB NOT NULL,
    request_digest BLOB NOT NULL,
    sent_message_id BLOB NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, submission_id)
);

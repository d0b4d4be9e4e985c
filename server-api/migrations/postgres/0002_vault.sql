-- A ciphertext in the blob store, under the name `place`. Its id is the client's choice.
-- refs counts every use by every account; released_at is when it last fell to none.
CREATE TABLE blobs (
    id BYTEA NOT NULL PRIMARY KEY,
    owner_id BYTEA NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    place BYTEA NOT NULL UNIQUE,
    size BIGINT NOT NULL,
    sha256 BYTEA NOT NULL,
    refs BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    released_at BIGINT
);
CREATE INDEX blobs_by_release ON blobs (refs, released_at);

-- Who may read a blob, and is charged for it: its uploader until the first use, then its users.
CREATE TABLE blob_holders (
    blob_id BYTEA NOT NULL REFERENCES blobs (id) ON DELETE CASCADE,
    account_id BYTEA NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    refs BIGINT NOT NULL,
    PRIMARY KEY (blob_id, account_id)
);
CREATE INDEX blob_holders_by_account ON blob_holders (account_id);

CREATE TABLE collections (
    account_id BYTEA NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    id BYTEA NOT NULL,
    key BYTEA NOT NULL,
    head BYTEA NOT NULL,
    revision BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    PRIMARY KEY (account_id, id)
);

-- sealed is NULL once the item is deleted; the row stays, so that other devices learn of it.
CREATE TABLE items (
    account_id BYTEA NOT NULL,
    collection_id BYTEA NOT NULL,
    id BYTEA NOT NULL,
    revision BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    sealed BYTEA,
    PRIMARY KEY (account_id, collection_id, id),
    FOREIGN KEY (account_id, collection_id) REFERENCES collections (account_id, id) ON DELETE CASCADE
);
CREATE INDEX items_by_seq ON items (account_id, collection_id, seq);

CREATE TABLE item_chunks (
    account_id BYTEA NOT NULL,
    collection_id BYTEA NOT NULL,
    item_id BYTEA NOT NULL,
    position BIGINT NOT NULL,
    blob_id BYTEA NOT NULL REFERENCES blobs (id),
    PRIMARY KEY (account_id, collection_id, item_id, position),
    FOREIGN KEY (account_id, collection_id, item_id)
        REFERENCES items (account_id, collection_id, id) ON DELETE CASCADE
);
CREATE INDEX item_chunks_by_blob ON item_chunks (blob_id);

-- The newest change of each object, one row per object. class: 1 message, 2 item, 3 collection,
-- 4 account. scope_id: an item's collection, else zero. folder_id: where a message is; NULL once gone.
CREATE TABLE feed (
    account_id BYTEA NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    class BIGINT NOT NULL,
    scope_id BYTEA NOT NULL,
    object_id BYTEA NOT NULL,
    seq BIGINT NOT NULL,
    folder_id BYTEA,
    PRIMARY KEY (account_id, class, scope_id, object_id)
);
CREATE UNIQUE INDEX feed_by_seq ON feed (account_id, seq);

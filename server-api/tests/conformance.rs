//! One suite for every store: what the rooms rely on holds on SQLite with a folder and on PostgreSQL
//! with S3 alike.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod stores;

use futures::TryStreamExt as _;
use server_api::app::{now, random};
use server_api::errors::ApiError;
use server_api::vault::blobs::{self, Claimed};
use server_api::vault::db::Db;
use server_api::vault::events::Notices;
use server_api::vault::secrets::{self, Secrets};
use server_api::vault::{feed, items, quota};
use server_api::{inventory, values};
use std::time::{Duration, SystemTime};
use stores::{Kind, Stores, body, envelope};
use tokio_util::sync::CancellationToken;
use wire::error::ErrorCode;
use wire::ids::{AccountId, BlobId, CollectionId, FolderId, ItemId, MessageId};
use wire::sealed::SealedEnvelope;
use wire::vault::{Change, CollectionPut, ItemPut};

on_both_stores!(
    the_schema_is_the_inventory,
    wrong_shapes_are_found,
    a_failed_transaction_changes_nothing,
    every_value_comes_back,
    places_in_the_feed_have_no_gaps_and_no_doubles,
    the_feed_keeps_the_newest_change_of_each_object,
    quota_is_never_exceeded,
    blobs_live_and_go_with_their_uses,
    what_a_crash_leaves_is_swept,
    large_blobs_come_back_whole,
    plain_and_oversized_blobs_are_refused,
    items_have_revisions,
    items_hold_their_chunks,
    secrets_are_made_once,
    notices_reach_every_process,
);

async fn append(db: &Db, account: AccountId, change: Change) -> u64 {
    let change = &change;
    db.write(|mut tx| async move {
        let seq = feed::append(&mut tx, &account, change).await?;
        Ok((tx, seq))
    })
    .await
    .unwrap()
}

async fn the_schema_is_the_inventory(stores: Stores) {
    let known = inventory::Inventory::built_in().unwrap();
    assert_eq!(inventory::check(&known, &stores.db).await.unwrap(), Vec::<String>::new());
}

async fn wrong_shapes_are_found(stores: Stores) {
    let account = stores.account(1000).await;
    stores
        .db
        .write(|mut tx| async move {
            tx.execute(
                "INSERT INTO collections (account_id, id, key, head, revision, seq) VALUES ($1, $2, $3, $4, 1, 1)",
                values![&account, &[1u8; 16], &envelope(7, 32), b"Family and friends"],
            )
            .await?;
            tx.execute("CREATE TABLE notes (body TEXT)", &[]).await?;
            Ok((tx, ()))
        })
        .await
        .unwrap();
    let known = inventory::Inventory::built_in().unwrap();
    let faults = inventory::check(&known, &stores.db).await.unwrap().join("\n");
    assert!(faults.contains("collections.head: 1 stored values"), "{faults}");
    assert!(faults.contains("notes.body is in the database, but not listed"), "{faults}");
    assert!(!faults.contains("collections.key") && !faults.contains("Family"), "{faults}");
}

async fn a_failed_transaction_changes_nothing(stores: Stores) {
    let account = stores.account(1000).await;
    let failed: Result<(), ApiError> = stores
        .db
        .write(|mut tx| async move {
            quota::charge(&mut tx, &account, 10).await?;
            feed::append(&mut tx, &account, &Change::Account).await?;
            Err(ApiError::stale())
        })
        .await;
    assert_eq!(failed.unwrap_err().code(), ErrorCode::Stale);
    assert_eq!(stores.used(&account).await, 0);
    assert_eq!(feed::newest(&mut stores.db.read().await.unwrap(), &account).await.unwrap(), 0);
}

async fn every_value_comes_back(stores: Stores) {
    let mut tx = stores.db.read().await.unwrap();
    let row = tx
        .fetch_one(
            "SELECT CAST($1 AS BIGINT), CAST($2 AS TEXT), CAST($3 AS BIGINT), CAST($4 AS TEXT), $1 = $5",
            values![i64::MIN, "ünïcode", None::<i64>, None::<&str>, i64::MIN],
        )
        .await
        .unwrap();
    assert_eq!((row.int(0).unwrap(), row.text(1).unwrap().as_str()), (i64::MIN, "ünïcode"));
    assert_eq!((row.opt_int(2).unwrap(), row.opt_text(3).unwrap()), (None, None));
    assert!(row.uint(0).is_err());
    let missing = tx.fetch_one("SELECT 1 FROM accounts WHERE id = $1", values![&[0u8; 16]]).await;
    assert_eq!(missing.unwrap_err().code(), ErrorCode::NotFound);
}

async fn places_in_the_feed_have_no_gaps_and_no_doubles(stores: Stores) {
    let account = stores.account(1000).await;
    let tasks: Vec<_> = (0..24u8)
        .map(|number| {
            let db = stores.db.clone();
            let change = Change::Item { collection: CollectionId([1; 16]), id: ItemId([number; 16]) };
            tokio::spawn(async move { append(&db, account, change).await })
        })
        .collect();
    let mut seen = Vec::new();
    for task in tasks {
        seen.push(task.await.unwrap());
    }
    seen.sort_unstable();
    assert_eq!(seen, (1..=24).collect::<Vec<u64>>());
    let changes = feed::since(&mut stores.db.read().await.unwrap(), &account, 20).await.unwrap();
    assert_eq!((changes.changes.len(), changes.seq, changes.more), (4, 24, false));
}

async fn the_feed_keeps_the_newest_change_of_each_object(stores: Stores) {
    let account = stores.account(1000).await;
    let (id, folder) = (MessageId([5; 16]), FolderId([6; 16]));
    append(&stores.db, account, Change::Message { id, folder }).await;
    append(&stores.db, account, Change::Account).await;
    append(&stores.db, account, Change::Collection { id: CollectionId([5; 16]) }).await;
    append(&stores.db, account, Change::MessageGone { id }).await;
    let changes = feed::since(&mut stores.db.read().await.unwrap(), &account, 0).await.unwrap();
    assert_eq!(
        changes.changes,
        [Change::Account, Change::Collection { id: CollectionId([5; 16]) }, Change::MessageGone { id }]
    );
    // Long feeds come in pages.
    stores
        .db
        .write(|mut tx| async move {
            for _ in 0..1005 {
                let change = Change::Item { collection: CollectionId([1; 16]), id: ItemId(random()) };
                feed::append(&mut tx, &account, &change).await?;
            }
            Ok((tx, ()))
        })
        .await
        .unwrap();
    let mut tx = stores.db.read().await.unwrap();
    let first = feed::since(&mut tx, &account, 0).await.unwrap();
    assert!(first.more && first.changes.len() == feed::PAGE);
    let second = feed::since(&mut tx, &account, first.seq).await.unwrap();
    assert_eq!((second.changes.len(), second.more, second.seq), (8, false, 1009));
}

async fn quota_is_never_exceeded(stores: Stores) {
    let account = stores.account(100).await;
    let tasks: Vec<_> = (0..10)
        .map(|_| {
            let db = stores.db.clone();
            tokio::spawn(async move {
                db.write(|mut tx| async move {
                    quota::charge(&mut tx, &account, 30).await?;
                    Ok((tx, ()))
                })
                .await
            })
        })
        .collect();
    let mut charged = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(()) => charged += 1,
            Err(error) => assert_eq!(error.code(), ErrorCode::QuotaExceeded),
        }
    }
    assert_eq!((charged, stores.used(&account).await), (3, 90));
    stores
        .db
        .write(|mut tx| async move {
            quota::resize(&mut tx, &account, 40, 10).await?;
            Ok((tx, ()))
        })
        .await
        .unwrap();
    assert_eq!(stores.used(&account).await, 60);
}

async fn upload(stores: &Stores, account: AccountId, id: BlobId, bytes: &[u8]) -> Result<Claimed, ApiError> {
    let kept = stores.blobs.keep(body(bytes), u64::MAX).await?;
    let kept = &kept;
    stores
        .db
        .write(|mut tx| async move {
            let claimed = blobs::claim(&mut tx, &account, &id, kept).await?;
            Ok((tx, claimed))
        })
        .await
}

async fn read(stores: &Stores, account: AccountId, id: BlobId) -> Result<Vec<u8>, ApiError> {
    let stat = blobs::stat(&mut stores.db.read().await?, &account, &id).await?;
    let (size, stream) = stores.blobs.fetch(&stat.place).await?;
    let bytes: Vec<bytes::Bytes> = stream.try_collect().await?;
    let bytes = bytes.concat();
    assert_eq!(size, bytes.len() as u64);
    Ok(bytes)
}

async fn change_uses(stores: &Stores, account: AccountId, id: BlobId, by: i32) -> Result<(), ApiError> {
    stores
        .db
        .write(|mut tx| async move {
            match by {
                1 => blobs::reference(&mut tx, &account, &id).await.map(|_| ())?,
                _ => blobs::release(&mut tx, &account, &id).await?,
            }
            Ok((tx, ()))
        })
        .await
}

async fn blobs_live_and_go_with_their_uses(stores: Stores) {
    let (alice, bob, carol) =
        (stores.account(10_000).await, stores.account(10_000).await, stores.account(100).await);
    let (id, bytes) = (BlobId(random()), envelope(9, 2000));
    let size = bytes.len() as i64;
    assert_eq!(upload(&stores, alice, id, &bytes).await.unwrap(), Claimed::New);
    assert_eq!(upload(&stores, alice, id, &bytes).await.unwrap(), Claimed::Repeated);
    assert_eq!(stores.used(&alice).await, size, "a repeated upload is charged once");
    let other = upload(&stores, alice, id, &envelope(9, 2000)).await;
    assert_eq!(other.unwrap_err().code(), ErrorCode::Stale, "an id never names other bytes");
    let stolen = upload(&stores, bob, id, &bytes).await;
    assert_eq!(stolen.unwrap_err().code(), ErrorCode::Stale);
    assert_eq!(read(&stores, alice, id).await.unwrap(), bytes);
    assert_eq!(read(&stores, bob, id).await.unwrap_err().code(), ErrorCode::NotFound);

    change_uses(&stores, alice, id, 1).await.unwrap();
    change_uses(&stores, bob, id, 1).await.unwrap();
    change_uses(&stores, bob, id, 1).await.unwrap();
    assert_eq!((stores.used(&alice).await, stores.used(&bob).await), (size, size));
    assert_eq!(read(&stores, bob, id).await.unwrap(), bytes);
    assert_eq!(
        change_uses(&stores, carol, id, 1).await.unwrap_err().code(),
        ErrorCode::QuotaExceeded,
        "no room, no use"
    );

    change_uses(&stores, alice, id, -1).await.unwrap();
    change_uses(&stores, alice, id, -1).await.unwrap();
    change_uses(&stores, bob, id, -1).await.unwrap();
    assert_eq!(stores.used(&alice).await, 0);
    assert_eq!(blobs::sweep(&stores.db, &stores.blobs, now() + 1000).await.unwrap(), 0, "bob still uses it");
    assert_eq!(read(&stores, bob, id).await.unwrap(), bytes);
    change_uses(&stores, bob, id, -1).await.unwrap();
    assert_eq!(stores.used(&bob).await, 0);
    assert_eq!(blobs::sweep(&stores.db, &stores.blobs, now() - 1000).await.unwrap(), 0, "not yet");
    assert_eq!(blobs::sweep(&stores.db, &stores.blobs, now() + 1000).await.unwrap(), 1);
    assert_eq!(change_uses(&stores, bob, id, 1).await.unwrap_err().code(), ErrorCode::NotFound);
}

async fn what_a_crash_leaves_is_swept(stores: Stores) {
    let account = stores.account(100_000).await;
    let (used, unused) = (BlobId(random()), BlobId(random()));
    upload(&stores, account, used, &envelope(9, 500)).await.unwrap();
    change_uses(&stores, account, used, 1).await.unwrap();
    upload(&stores, account, unused, &envelope(9, 500)).await.unwrap();
    let unlisted = stores.blobs.keep(body(&envelope(9, 500)), u64::MAX).await.unwrap();
    // Object stores tell times to the second.
    let later = SystemTime::now() + Duration::from_secs(5);
    assert_eq!(blobs::sweep_unlisted(&stores.db, &stores.blobs, later).await.unwrap(), 1);
    assert!(stores.blobs.fetch(&unlisted.place).await.is_err());
    assert_eq!(blobs::sweep(&stores.db, &stores.blobs, now() + 1000).await.unwrap(), 1);
    assert_eq!(stores.used(&account).await, 660, "an upload that nobody used is refunded");
    assert!(read(&stores, account, used).await.is_ok());
    assert!(read(&stores, account, unused).await.is_err());
}

async fn large_blobs_come_back_whole(stores: Stores) {
    let account = stores.account(100 << 20).await;
    for size in [0, 1, 70_000, (5 << 20) - 160, 5 << 20, 11 << 20] {
        let (id, bytes) = (BlobId(random()), envelope(10, size));
        upload(&stores, account, id, &bytes).await.unwrap();
        assert!(read(&stores, account, id).await.unwrap() == bytes, "{size}");
    }
}

async fn plain_and_oversized_blobs_are_refused(stores: Stores) {
    let code = async |bytes: &[u8], room| match stores.blobs.keep(body(bytes), room).await {
        Ok(_) => None,
        Err(error) => Some(error.code()),
    };
    assert_eq!(code(b"Subject: hello\r\n\r\nin clear", 1 << 30).await, Some(ErrorCode::NotSealed));
    assert_eq!(code(&envelope(9, 1000), 500).await, Some(ErrorCode::QuotaExceeded));
    assert_eq!(code(&envelope(9, 12 << 20), 8 << 20).await, Some(ErrorCode::QuotaExceeded));
    assert_eq!(code(&envelope(9, 65 << 20), 1 << 30).await, Some(ErrorCode::TooLarge));
    let broken = futures::stream::iter([
        Ok(bytes::Bytes::from(envelope(9, 100))),
        Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset)),
    ]);
    assert_eq!(stores.blobs.keep(broken, 1 << 30).await.unwrap_err().code(), ErrorCode::Malformed);
    let later = SystemTime::now() + Duration::from_secs(5);
    let left: Vec<_> = stores.blobs.older_than(later).try_collect().await.unwrap();
    assert!(left.is_empty(), "nothing visible is left of what was refused");
}

async fn put_collection(stores: &Stores, account: AccountId, id: CollectionId) {
    let put = CollectionPut {
        key: SealedEnvelope(envelope(7, 32)),
        head: SealedEnvelope(envelope(9, 64)),
        expected_revision: 0,
    };
    let put = &put;
    stores
        .db
        .write(|mut tx| async move {
            let view = items::put_collection(&mut tx, &account, &id, put).await?;
            assert_eq!(view.revision, 1);
            Ok((tx, ()))
        })
        .await
        .unwrap();
}

async fn put_item(
    stores: &Stores,
    account: AccountId,
    collection: CollectionId,
    id: ItemId,
    put: ItemPut,
) -> Result<u64, ErrorCode> {
    let put = &put;
    stores
        .db
        .write(|mut tx| async move {
            let view = items::put_item(&mut tx, &account, &collection, &id, put).await?;
            Ok((tx, view.revision))
        })
        .await
        .map_err(|error| error.code())
}

fn sealed(expected_revision: u64, chunks: &[BlobId]) -> ItemPut {
    ItemPut { expected_revision, sealed: Some(SealedEnvelope(envelope(9, 300))), chunks: chunks.to_vec() }
}

async fn items_have_revisions(stores: Stores) {
    let (account, other) = (stores.account(100_000).await, stores.account(100_000).await);
    let (collection, id) = (CollectionId(random()), ItemId(random()));
    assert_eq!(put_item(&stores, account, collection, id, sealed(0, &[])).await, Err(ErrorCode::NotFound));
    put_collection(&stores, account, collection).await;
    assert_eq!(put_item(&stores, account, collection, id, sealed(0, &[])).await, Ok(1));
    assert_eq!(put_item(&stores, account, collection, id, sealed(0, &[])).await, Err(ErrorCode::Stale));
    assert_eq!(put_item(&stores, account, collection, id, sealed(1, &[])).await, Ok(2));
    assert_eq!(put_item(&stores, other, collection, id, sealed(2, &[])).await, Err(ErrorCode::NotFound));
    let plain = ItemPut {
        expected_revision: 2,
        sealed: Some(SealedEnvelope(b"in clear".to_vec())),
        chunks: Vec::new(),
    };
    assert_eq!(put_item(&stores, account, collection, id, plain).await, Err(ErrorCode::NotSealed));
    // Two writers at once: exactly one wins.
    let writers = [sealed(2, &[]), sealed(2, &[])].map(|put| put_item(&stores, account, collection, id, put));
    let mut outcomes = futures::future::join_all(writers).await;
    outcomes.sort_by_key(Result::is_err);
    assert_eq!(outcomes, [Ok(3), Err(ErrorCode::Stale)]);
    let used = stores.used(&account).await;
    let gone = ItemPut { expected_revision: 3, sealed: None, chunks: Vec::new() };
    assert_eq!(put_item(&stores, account, collection, id, gone).await, Ok(4));
    assert_eq!(stores.used(&account).await, used - 460);
    let mut tx = stores.db.read().await.unwrap();
    let page = items::page(&mut tx, &account, &collection, 0).await.unwrap();
    assert_eq!((page.items.len(), page.more), (1, false));
    assert!(page.items[0].sealed.is_none() && page.items[0].revision == 4);
    assert!(items::page(&mut tx, &account, &collection, page.seq).await.unwrap().items.is_empty());
    assert!(items::page(&mut tx, &other, &collection, 0).await.is_err());
}

async fn items_hold_their_chunks(stores: Stores) {
    let account = stores.account(100_000).await;
    let (collection, id) = (CollectionId(random()), ItemId(random()));
    put_collection(&stores, account, collection).await;
    let (one, two) = (BlobId(random()), BlobId(random()));
    upload(&stores, account, one, &envelope(10, 400)).await.unwrap();
    upload(&stores, account, two, &envelope(10, 400)).await.unwrap();
    let unknown = sealed(0, &[one, BlobId(random())]);
    assert_eq!(put_item(&stores, account, collection, id, unknown).await, Err(ErrorCode::NotFound));
    assert_eq!(put_item(&stores, account, collection, id, sealed(0, &[two, one])).await, Ok(1));
    let page = items::page(&mut stores.db.read().await.unwrap(), &account, &collection, 0).await.unwrap();
    assert_eq!(page.items[0].chunks, [two, one], "chunks keep their order");
    assert_eq!(put_item(&stores, account, collection, id, sealed(1, &[one])).await, Ok(2));
    assert_eq!(blobs::sweep(&stores.db, &stores.blobs, now() + 1000).await.unwrap(), 1, "two is unused");
    assert!(read(&stores, account, one).await.is_ok());
}

async fn secrets_are_made_once(stores: Stores) {
    let make = |byte: u8| move || vec![byte; 128];
    let open =
        async |file: Option<&std::path::Path>| Secrets::open(stores.db.clone(), file.map(Into::into)).await;
    let (one, two) = (open(None).await.unwrap(), open(None).await.unwrap());
    let (first, second) = tokio::join!(one.get_or_make("test", make(1)), two.get_or_make("test", make(2)));
    let first = first.unwrap();
    assert_eq!(first, second.unwrap(), "two processes at once get the same secret");

    // Named a file, the next start moves them there, and nothing of them stays in the database.
    let path = stores.dir().join("apart/secrets");
    let (one, two) = tokio::join!(open(Some(&path)), open(Some(&path)));
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!(one.get_or_make("test", make(3)).await.unwrap(), first);
    let (a, b) = tokio::join!(one.get_or_make("a", make(3)), two.get_or_make("a", make(4)));
    let a = a.unwrap();
    assert_eq!(a, b.unwrap(), "with a file, too");
    let mut tx = stores.db.read().await.unwrap();
    let row = tx.fetch_one("SELECT COUNT(*) FROM server_secrets WHERE LENGTH(value) > 0", &[]).await.unwrap();
    assert_eq!(row.int(0).unwrap(), 0);
    drop(tx);
    if stores.kind == Kind::Embedded {
        let everything = ["", "-wal"].map(|end| stores.dir().join(format!("hedgerow.sqlite{end}")));
        let everything = everything.map(|path| std::fs::read(path).unwrap_or_default()).concat();
        assert!(everything.windows(14).any(|bytes| bytes == b"server_secrets"), "the search is blind");
        assert!(!everything.windows(64).any(|bytes| bytes == &first[..64]), "the secret is still there");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    let refused = async |file: Option<&std::path::Path>| {
        open(file).await.unwrap().get_or_make("a", make(5)).await.unwrap_err()
    };
    assert!(refused(None).await.to_string().contains("data.secrets_file"), "the file is not named");
    let whole = std::fs::read(&path).unwrap();
    for at in 0..whole.len() {
        let mut bent = whole.clone();
        bent[at] ^= 4;
        std::fs::write(&path, bent).unwrap();
        refused(Some(&path)).await;
    }
    std::fs::write(&path, &whole).unwrap();
    assert_eq!(open(Some(&path)).await.unwrap().get_or_make("a", make(5)).await.unwrap(), a);
    assert!(secrets::renew(&stores.db, Some(&path)).await.is_err(), "the file is there");

    // Lost: nothing new is made behind the operator's back.
    std::fs::remove_file(&path).unwrap();
    assert!(refused(Some(&path)).await.to_string().contains("secrets renew"));
    let other = stores.dir().join("apart/other");
    assert!(!other.exists() && refused(Some(&other)).await.to_string().contains("backup"));
    secrets::renew(&stores.db, Some(&path)).await.unwrap();
    assert_eq!(*open(Some(&path)).await.unwrap().get_or_make("a", make(6)).await.unwrap(), [6; 128]);
    // And a file with other secrets is not taken.
    std::fs::write(&other, "a AAAA\n").unwrap();
    assert!(refused(Some(&other)).await.to_string().contains("not those of this database"));
}

async fn notices_reach_every_process(stores: Stores) {
    let stopping = CancellationToken::new();
    let here = Notices::new(stores.db.clone(), stopping.clone());
    // On SQLite there is one process; on PostgreSQL the second listens on its own.
    let there = match stores.kind {
        Kind::Embedded => here.clone(),
        Kind::Scaled => Notices::new(stores.db.clone(), stopping.clone()),
    };
    tokio::time::sleep(Duration::from_millis(300)).await;
    let account = stores.account(1000).await;
    let mut changed = there.subscribe(&account, 2).unwrap();
    let _second = there.subscribe(&account, 2).unwrap();
    assert_eq!(there.subscribe(&account, 2).unwrap_err().code(), ErrorCode::TooMany);
    here.publish(&AccountId(random()), 9);
    here.publish(&account, 3);
    tokio::time::timeout(Duration::from_secs(5), changed.wait_for(|seq| *seq == 3)).await.unwrap().unwrap();
    here.publish(&account, 2);
    here.publish(&account, 4);
    tokio::time::timeout(Duration::from_secs(5), changed.wait_for(|seq| *seq == 4)).await.unwrap().unwrap();
    stopping.cancel();
}

#[tokio::test]
async fn a_full_disk_is_told_and_survived() {
    let stores = Stores::open(Kind::Embedded).await.unwrap();
    let (account, other) = (stores.account(1 << 30).await, stores.account(1 << 30).await);
    let grow = async |account: AccountId| {
        let name = hex::encode(random::<8>());
        let name = &name;
        stores
            .db
            .write(|mut tx| async move {
                feed::append(&mut tx, &account, &Change::Account).await?;
                tx.execute(
                    "INSERT INTO server_secrets (name, value, created_at) VALUES ($1, $2, 0)",
                    values![name, &vec![0u8; 100_000]],
                )
                .await?;
                Ok((tx, ()))
            })
            .await
    };
    // A limit of pages fails as a full volume does.
    stores
        .db
        .write(|mut tx| async move {
            tx.fetch_all("PRAGMA max_page_count = 120", &[]).await?;
            Ok((tx, ()))
        })
        .await
        .unwrap();
    let mut written = 0;
    let refused = loop {
        match grow(account).await {
            Ok(()) => written += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(refused.code(), ErrorCode::StorageFull);
    let newest = feed::newest(&mut stores.db.read().await.unwrap(), &account).await.unwrap();
    assert_eq!(newest, written, "nothing of the refused transaction is there");
    // The limit went with the connection, as space comes back on a disk.
    grow(other).await.unwrap();
}

#[tokio::test]
async fn both_schemas_have_the_same_shape() {
    let Some(scaled) = Stores::open(Kind::Scaled).await else {
        eprintln!("skipped: HEDGEROW_TEST_POSTGRES is not set");
        return;
    };
    let embedded = Stores::open(Kind::Embedded).await.unwrap();
    // sqlx's own table differs by design.
    let own = |columns: Vec<inventory::Column>| -> Vec<inventory::Column> {
        columns.into_iter().filter(|column| !column.table.starts_with("_sqlx")).collect()
    };
    let (one, two) = (
        own(inventory::live_schema(&embedded.db).await.unwrap()),
        own(inventory::live_schema(&scaled.db).await.unwrap()),
    );
    assert_eq!(one, two);
}

#[test]
fn both_migration_folders_have_the_same_text() {
    let folder = |name: &str| {
        let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(name);
        let mut files: Vec<_> = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files
            .iter()
            .map(|path| (path.file_name().unwrap().to_owned(), std::fs::read_to_string(path).unwrap()))
            .collect::<Vec<_>>()
    };
    let (sqlite, postgres) = (folder("sqlite"), folder("postgres"));
    assert_eq!(sqlite.len(), postgres.len());
    for (one, two) in sqlite.iter().zip(&postgres) {
        assert_eq!(one.0, two.0);
        assert_eq!(one.1.replace(" BLOB", " BYTEA"), two.1, "{:?} differs in more than BLOB", one.0);
    }
}

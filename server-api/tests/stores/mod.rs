//! The stores under test: SQLite and a local folder always; PostgreSQL if `HEDGEROW_TEST_POSTGRES` is
//! the URL of a cluster where databases may be made; S3 if `HEDGEROW_TEST_S3` names a bucket,
//! `s3://hedgerow` (endpoint and keys in `AWS_*`).
#![allow(dead_code, unreachable_pub, reason = "each test binary uses its own part")]

use server_api::app::random;
use server_api::config::{BlobsUrl, Config, DatabaseUrl};
use server_api::values;
use server_api::vault::blobs::Blobs;
use server_api::vault::db::Db;
use server_api::vault::migrations;
use wire::ids::{AccountId, SessionId};

/// Which pair of stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The embedded default.
    Embedded,
    /// PostgreSQL, and S3 if there is one.
    Scaled,
}

/// Open stores in a folder of their own.
pub struct Stores {
    pub kind: Kind,
    pub db: Db,
    pub blobs: Blobs,
    pub config: Config,
    dir: tempfile::TempDir,
}

impl Stores {
    /// Opens and migrates, or `None` if this machine has no PostgreSQL for tests.
    pub async fn open(kind: Kind) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let mut config = Config::load_with(
            None,
            [
                ("HEDGEROW_DATA__DIR".to_owned(), dir.path().to_str().unwrap().to_owned()),
                ("HEDGEROW_HTTP__LISTEN".to_owned(), "127.0.0.1:0".to_owned()),
                ("HEDGEROW_ACCOUNTS__REGISTRATION".to_owned(), "open".to_owned()),
            ],
        )
        .unwrap();
        if kind == Kind::Scaled {
            config.data.database_url = DatabaseUrl::Postgres(fresh_database().await?);
        }
        if kind == Kind::Scaled
            && let Ok(bucket) = std::env::var("HEDGEROW_TEST_S3")
        {
            // Each test has its own prefix.
            let bucket = bucket.trim_start_matches("s3://").trim_matches('/').to_owned();
            config.data.blobs_url = BlobsUrl::S3 { bucket, prefix: hex::encode(random::<8>()) };
        }
        let blobs = Blobs::open(&config.data.blobs_url, config.limits.message_bytes).unwrap();
        let db = Db::open(&config.data.database_url).await.unwrap();
        migrations::run(&db).await.unwrap();
        Some(Self { kind, db, blobs, config, dir })
    }

    pub fn dir(&self) -> &std::path::Path {
        self.dir.path()
    }

    /// An account of the right shape that nobody can sign in to.
    pub async fn account(&self, quota: i64) -> AccountId {
        let id = AccountId(random());
        let address = format!("a{id}@hedgerow.test");
        let certificate = [0x98u8, 1, 4];
        self.db
            .write(|mut tx| {
                let address = &address;
                async move {
                    tx.execute(
                        "INSERT INTO accounts (id, address, suite, opaque_record, recovery_key, certificate,
                             epoch, used_bytes, quota_bytes, feed_seq, created_at)
                         VALUES ($1, $2, 1, $3, $4, $5, 1, 0, $6, 0, 0)",
                        values![&id, address, &[7u8; 192], &[8u8; 32], &certificate, quota],
                    )
                    .await?;
                    Ok((tx, ()))
                }
            })
            .await
            .unwrap();
        id
    }

    /// A live session, as the value of the cookie header.
    pub async fn session(&self, account: &AccountId) -> String {
        use base64::Engine as _;
        use sha2::Digest as _;
        let (secret, id) = (random::<32>(), SessionId(random()));
        let hash: [u8; 32] = sha2::Sha256::digest(secret).into();
        let now = server_api::app::now();
        self.db
            .write(|mut tx| async move {
                tx.execute(
                    "INSERT INTO sessions (id, account_id, token_hash, created_at, seen_at)
                     VALUES ($1, $2, $3, $4, $4)",
                    values![&id, account, &hash, now],
                )
                .await?;
                Ok((tx, ()))
            })
            .await
            .unwrap();
        let secret = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(secret);
        format!("{}={secret}", server_api::auth::COOKIE)
    }

    pub async fn used(&self, account: &AccountId) -> i64 {
        let mut tx = self.db.read().await.unwrap();
        tx.fetch_one("SELECT used_bytes FROM accounts WHERE id = $1", values![account])
            .await
            .unwrap()
            .int(0)
            .unwrap()
    }
}

async fn fresh_database() -> Option<String> {
    let cluster = std::env::var("HEDGEROW_TEST_POSTGRES").ok()?;
    let name = format!("hedgerow_test_{}", hex::encode(random::<8>()));
    let pool = sqlx::PgPool::connect(&cluster).await.unwrap();
    sqlx::query(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&pool).await.unwrap();
    pool.close().await;
    let mut url = url::Url::parse(&cluster).unwrap();
    url.set_path(&name);
    Some(url.to_string())
}

/// A ZKE1 envelope of this many plaintext bytes, as far as the server can tell.
pub fn envelope(kind: u8, plaintext: usize) -> Vec<u8> {
    let mut bytes = vec![0u8; 160 + plaintext];
    rand::RngCore::fill_bytes(&mut rand::thread_rng(), &mut bytes);
    bytes[..8].copy_from_slice(&[b'Z', b'K', b'E', b'1', 1, kind, 0, 0]);
    bytes[76..80].copy_from_slice(&(plaintext as u32).to_be_bytes());
    bytes
}

/// A body in chunks.
pub fn body(
    bytes: &[u8],
) -> impl futures::Stream<Item = Result<bytes::Bytes, std::io::Error>> + Send + use<> {
    let chunks: Vec<_> = bytes.chunks(70_000).map(|chunk| Ok(bytes::Bytes::copy_from_slice(chunk))).collect();
    futures::stream::iter(chunks)
}

/// Makes each named async function a test on both kinds of stores.
#[macro_export]
macro_rules! on_both_stores {
    ($($name:ident),+ $(,)?) => {
        mod embedded {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                let stores = $crate::stores::Stores::open($crate::stores::Kind::Embedded).await.unwrap();
                super::$name(stores).await;
            })+
        }
        mod scaled {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                match $crate::stores::Stores::open($crate::stores::Kind::Scaled).await {
                    Some(stores) => super::$name(stores).await,
                    None => eprintln!("skipped: HEDGEROW_TEST_POSTGRES is not set"),
                }
            })+
        }
    };
}

//! One SQL text on two databases.
//!
//! [`Db`] is an embedded SQLite file or a PostgreSQL pool. Rooms write each statement once, as a
//! `&'static str` with `$1 …` parameters in the subset both understand, and run it on a [`Tx`]:
//!
//! - types: `BIGINT`, `TEXT`, `BLOB`/`BYTEA`; times are milliseconds, ids 16 bytes, booleans 0 or 1;
//! - `ON CONFLICT … DO NOTHING/UPDATE`, `RETURNING`, CTEs and window functions work on both;
//! - `SUM` of a BIGINT is `NUMERIC` on PostgreSQL: write `CAST(SUM(x) AS BIGINT)`;
//! - a `NULL` parameter keeps its type: bind `None::<i64>`, `None::<&[u8]>` and so on;
//! - a failed statement ends the transaction on PostgreSQL: use `ON CONFLICT` instead of catching errors;
//! - in a writing transaction lock before judging: begin with the `UPDATE … RETURNING` of the row that
//!   guards the decision (usually the account's), accounts in ascending order of id.
//!
//! ```ignore
//! let seq = app.db.write(|mut tx| async move {
//!     let seq = feed::append(&mut tx, account, &Change::Account).await?;
//!     Ok((tx, seq)) // the transaction comes back, and is committed
//! }).await?;
//! ```

use crate::config::DatabaseUrl;
use crate::errors::ApiError;
use crate::vault::wal;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgPoolOptions, PgRow};
use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use sqlx::{Arguments as _, Connection as _, PgPool, Postgres, Row as _, Sqlite, SqlitePool, Transaction};
use std::future::Future;
use std::str::FromStr as _;
use std::time::Duration;

/// How long a request waits for a connection, or for another process's write, before `unavailable`.
const PATIENCE: Duration = Duration::from_secs(5);
/// Readers of the embedded database.
const READERS: u32 = 4;
/// Connections to PostgreSQL per server process.
const CONNECTIONS: u32 = 16;
/// How often a transaction that lost a race on PostgreSQL is repeated.
const ATTEMPTS: u32 = 8;

/// Which of the two databases it is; the few places where they must differ ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// The embedded default.
    Sqlite,
    /// The one for many processes.
    Postgres,
}

/// The database. Cheap to clone.
#[derive(Debug, Clone)]
pub enum Db {
    /// One writer, several readers, WAL.
    Sqlite {
        /// A pool of one: SQLite takes one writer, and waiting here is fairer than its busy loop.
        writer: SqlitePool,
        /// Snapshot readers.
        readers: SqlitePool,
        /// Tells other processes of ours to leave the log alone.
        in_use: wal::InUse,
    },
    /// A pool of PostgreSQL connections.
    Postgres(PgPool),
}

impl Db {
    /// Opens the database, making the SQLite file if there is none. Does not migrate.
    ///
    /// # Errors
    /// `unavailable` if it cannot be reached; `damaged` if committed transactions cannot be read ([`wal`]).
    pub async fn open(url: &DatabaseUrl) -> Result<Self, ApiError> {
        match url {
            DatabaseUrl::Sqlite(path) => {
                let in_use = wal::mend(path)?;
                let options = SqliteConnectOptions::new()
                    .filename(path)
                    .create_if_missing(true)
                    .foreign_keys(true)
                    .journal_mode(SqliteJournalMode::Wal)
                    .synchronous(SqliteSynchronous::Full)
                    .busy_timeout(PATIENCE)
                    // What was deleted is overwritten: a destroyed message leaves no ciphertext behind.
                    .pragma("secure_delete", "on")
                    .statement_cache_capacity(256);
                // When the disk is full SQLite rolls back by itself, and the driver goes on believing in a
                // transaction that no longer is: such a connection is replaced. The ping waits for a
                // rollback that is still under way.
                let pool =
                    SqlitePoolOptions::new().acquire_timeout(PATIENCE).after_release(|connection, _| {
                        Box::pin(async move {
                            connection.ping().await?;
                            Ok(!connection.is_in_transaction())
                        })
                    });
                let writer = pool.clone().max_connections(1).connect_with(options.clone()).await?;
                let readers =
                    pool.max_connections(READERS).connect_with(options.pragma("query_only", "on")).await?;
                Ok(Self::Sqlite { writer, readers, in_use })
            }
            DatabaseUrl::Postgres(url) => {
                let options = PgConnectOptions::from_str(url)?.statement_cache_capacity(256);
                let pool = PgPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(PATIENCE);
                Ok(Self::Postgres(pool.connect_with(options).await?))
            }
        }
    }

    /// Which database it is.
    pub fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite { .. } => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }

    /// A snapshot to read from: all statements see the same moment. Drop it when done.
    ///
    /// # Errors
    /// `unavailable` if there is no connection within five seconds.
    pub async fn read(&self) -> Result<Tx, ApiError> {
        Ok(match self {
            Self::Sqlite { readers, .. } => Tx::Sqlite(readers.begin().await?),
            Self::Postgres(pool) => {
                Tx::Postgres(pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?)
            }
        })
    }

    /// Runs `work` in a writing transaction and commits the [`Tx`] it returns; once this returns, the
    /// change is durable. If `work` fails, nothing is changed. `work` may run several times, when
    /// PostgreSQL made it lose a race.
    ///
    /// # Errors
    /// Those of `work`; `storage_full`, `unavailable` or `internal` from the database.
    pub async fn write<T, W, F>(&self, work: W) -> Result<T, ApiError>
    where
        W: Fn(Tx) -> F,
        F: Future<Output = Result<(Tx, T), ApiError>>,
    {
        let mut attempt = 0;
        loop {
            let done = match self.begin().await {
                Ok(tx) => match work(tx).await {
                    Ok((tx, value)) => tx.commit().await.map(|()| value),
                    Err(error) => Err(error),
                },
                Err(error) => Err(error),
            };
            attempt += 1;
            match done {
                Err(error) if error.lost_a_race() && attempt < ATTEMPTS => {
                    tokio::time::sleep(Duration::from_millis(u64::from(attempt * attempt) * 3)).await;
                }
                done => return done,
            }
        }
    }

    async fn begin(&self) -> Result<Tx, ApiError> {
        Ok(match self {
            Self::Sqlite { writer, .. } => Tx::Sqlite(writer.begin_with("BEGIN IMMEDIATE").await?),
            Self::Postgres(pool) => Tx::Postgres(pool.begin().await?),
        })
    }

    /// Makes sure that values deleted from a table are gone from the files of the database: SQLite has
    /// overwritten them (`secure_delete`) and now empties its log; PostgreSQL writes the table anew.
    /// Backups, and what the disk keeps of overwritten blocks, are out of reach.
    ///
    /// # Errors
    /// `unavailable` if the database is busy or out of reach.
    pub async fn scrub(&self, table: &'static str) -> Result<(), ApiError> {
        match self {
            Self::Sqlite { writer, .. } => {
                let row = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(writer).await?;
                if row.try_get::<i64, _>(0)? != 0 {
                    return Err(ApiError::new(
                        wire::error::ErrorCode::Unavailable,
                        "the database is in use by another process; end that, then start again",
                    ));
                }
            }
            Self::Postgres(pool) => {
                sqlx::query(sqlx::AssertSqlSafe(format!("VACUUM (FULL) {table}"))).execute(pool).await?;
            }
        }
        Ok(())
    }

    /// What is wrong with the structure of the SQLite file: pages, order, indexes, references. PostgreSQL has
    /// tools of its own for it.
    ///
    /// # Errors
    /// `unavailable` or `internal` if it cannot be read at all.
    pub async fn self_check(&self) -> Result<Vec<String>, ApiError> {
        let Self::Sqlite { readers, .. } = self else { return Ok(Vec::new()) };
        let mut faults: Vec<String> =
            sqlx::query_scalar("PRAGMA integrity_check(10)").fetch_all(readers).await?;
        faults.retain(|line| line != "ok");
        let dangling = sqlx::query("PRAGMA foreign_key_check").fetch_all(readers).await?;
        let mut tables = std::collections::BTreeMap::<String, usize>::new();
        for row in &dangling {
            *tables.entry(row.try_get(0)?).or_default() += 1;
        }
        let words = |(table, rows)| format!("{rows} rows of {table} refer to others that are not there");
        faults.extend(tables.into_iter().map(words));
        Ok(faults)
    }

    /// Closes every connection; a SQLite WAL is folded into its file.
    pub async fn close(&self) {
        match self {
            Self::Sqlite { writer, readers, .. } => {
                readers.close().await;
                writer.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

/// A transaction, or a snapshot for reading.
#[derive(Debug)]
pub enum Tx {
    /// On SQLite.
    Sqlite(Transaction<'static, Sqlite>),
    /// On PostgreSQL.
    Postgres(Transaction<'static, Postgres>),
}

impl Tx {
    /// Runs a statement.
    ///
    /// # Returns
    /// The number of rows it changed.
    ///
    /// # Errors
    /// As [`Db::write`].
    pub async fn execute(&mut self, sql: &'static str, values: &[Value<'_>]) -> Result<u64, ApiError> {
        Ok(match self {
            Self::Sqlite(tx) => {
                sqlx::query_with(sql, sqlite_arguments(values)?).execute(&mut **tx).await?.rows_affected()
            }
            Self::Postgres(tx) => {
                sqlx::query_with(sql, postgres_arguments(values)?).execute(&mut **tx).await?.rows_affected()
            }
        })
    }

    /// Every row.
    ///
    /// # Errors
    /// As [`Db::write`].
    pub async fn fetch_all(&mut self, sql: &'static str, values: &[Value<'_>]) -> Result<Vec<Row>, ApiError> {
        Ok(match self {
            Self::Sqlite(tx) => sqlx::query_with(sql, sqlite_arguments(values)?)
                .fetch_all(&mut **tx)
                .await?
                .into_iter()
                .map(Row::Sqlite)
                .collect(),
            Self::Postgres(tx) => sqlx::query_with(sql, postgres_arguments(values)?)
                .fetch_all(&mut **tx)
                .await?
                .into_iter()
                .map(Row::Postgres)
                .collect(),
        })
    }

    /// The first row, if any.
    ///
    /// # Errors
    /// As [`Db::write`].
    pub async fn fetch_optional(
        &mut self,
        sql: &'static str,
        values: &[Value<'_>],
    ) -> Result<Option<Row>, ApiError> {
        Ok(match self {
            Self::Sqlite(tx) => sqlx::query_with(sql, sqlite_arguments(values)?)
                .fetch_optional(&mut **tx)
                .await?
                .map(Row::Sqlite),
            Self::Postgres(tx) => sqlx::query_with(sql, postgres_arguments(values)?)
                .fetch_optional(&mut **tx)
                .await?
                .map(Row::Postgres),
        })
    }

    /// The first row.
    ///
    /// # Errors
    /// `not_found` without one; else as [`Db::write`].
    pub async fn fetch_one(&mut self, sql: &'static str, values: &[Value<'_>]) -> Result<Row, ApiError> {
        self.fetch_optional(sql, values).await?.ok_or_else(ApiError::not_found)
    }

    /// Which database it runs on.
    pub fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }

    async fn commit(self) -> Result<(), ApiError> {
        match self {
            Self::Sqlite(tx) => tx.commit().await?,
            Self::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }
}

/// A parameter of a statement. Build it with `.into()`, or a list with [`values!`](crate::values).
#[derive(Debug, Clone, Copy)]
pub enum Value<'a> {
    /// A BIGINT.
    Int(Option<i64>),
    /// A TEXT.
    Text(Option<&'a str>),
    /// A BLOB or BYTEA.
    Bytes(Option<&'a [u8]>),
}

/// The parameters of a statement, in the order of `$1, $2 …`: `values![account, seq, "inbox"]`.
/// Takes `i64`, `u32`, `bool`, `&str`, `&String`, `&[u8]`, `&Vec<u8>`, `&[u8; N]`, references to ids,
/// and `Option` of `i64`, `&str`, `&[u8]`.
#[macro_export]
macro_rules! values {
    ($($value:expr),* $(,)?) => { &[$($crate::vault::db::Value::from($value)),*] };
}

macro_rules! value_from {
    ($($from:ty, $name:ident => $make:expr;)+) => {
        $(impl<'a> From<$from> for Value<'a> {
            fn from($name: $from) -> Self { $make }
        })+
    };
}

value_from! {
    i64, value => Self::Int(Some(value));
    u32, value => Self::Int(Some(i64::from(value)));
    bool, value => Self::Int(Some(i64::from(value)));
    Option<i64>, value => Self::Int(value);
    &'a str, value => Self::Text(Some(value));
    &'a String, value => Self::Text(Some(value));
    Option<&'a str>, value => Self::Text(value);
    &'a [u8], value => Self::Bytes(Some(value));
    &'a Vec<u8>, value => Self::Bytes(Some(value));
    Option<&'a [u8]>, value => Self::Bytes(value);
    &'a wire::ids::AccountId, value => Self::Bytes(Some(&value.0));
    &'a wire::ids::ObjectId, value => Self::Bytes(Some(&value.0));
    &'a wire::ids::SessionId, value => Self::Bytes(Some(&value.0));
    &'a wire::ids::HandshakeId, value => Self::Bytes(Some(&value.0));
    &'a wire::ids::FolderId, value => Self::Bytes(Some(&value.0));
    &'a wire::ids::MessageId, value => Self::Bytes(Some(&value.0));
    &'a wire::ids::SubmissionId, value => Self::Bytes(Some(&value.0));
    &'a wire::ids::BlobId, value => Self::Bytes(Some(&value.0));
    &'a wire::ids::CollectionId, value => Self::Bytes(Some(&value.0));
    &'a wire::ids::ItemId, value => Self::Bytes(Some(&value.0));
}

impl<'a, const N: usize> From<&'a [u8; N]> for Value<'a> {
    fn from(value: &'a [u8; N]) -> Self {
        Self::Bytes(Some(value))
    }
}

fn sqlite_arguments(values: &[Value<'_>]) -> Result<SqliteArguments, ApiError> {
    let mut arguments = SqliteArguments::default();
    for value in values {
        match *value {
            Value::Int(value) => arguments.add(value),
            Value::Text(value) => arguments.add(value.map(str::to_owned)),
            Value::Bytes(value) => arguments.add(value.map(<[u8]>::to_vec)),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}

fn postgres_arguments(values: &[Value<'_>]) -> Result<PgArguments, ApiError> {
    let mut arguments = PgArguments::default();
    for value in values {
        match *value {
            Value::Int(value) => arguments.add(value),
            Value::Text(value) => arguments.add(value),
            Value::Bytes(value) => arguments.add(value),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}

/// A row of a result; columns by position.
#[derive(Debug)]
pub enum Row {
    /// From SQLite.
    Sqlite(SqliteRow),
    /// From PostgreSQL.
    Postgres(PgRow),
}

macro_rules! getter {
    ($(#[$doc:meta])* $name:ident -> $type:ty) => {
        $(#[$doc])*
        ///
        /// # Errors
        /// `internal` if the column is missing or of another type.
        pub fn $name(&self, column: usize) -> Result<$type, ApiError> {
            Ok(match self {
                Self::Sqlite(row) => row.try_get(column)?,
                Self::Postgres(row) => row.try_get(column)?,
            })
        }
    };
}

impl Row {
    getter!(
        /// A BIGINT.
        int -> i64
    );
    getter!(
        /// A BIGINT that may be NULL.
        opt_int -> Option<i64>
    );
    getter!(
        /// A TEXT.
        text -> String
    );
    getter!(
        /// A TEXT that may be NULL.
        opt_text -> Option<String>
    );
    getter!(
        /// A BLOB or BYTEA.
        bytes -> Vec<u8>
    );
    getter!(
        /// A BLOB or BYTEA that may be NULL.
        opt_bytes -> Option<Vec<u8>>
    );

    /// An id of 16 bytes.
    ///
    /// # Errors
    /// `damaged` if it has another length.
    pub fn id<T>(&self, column: usize) -> Result<T, ApiError>
    where
        T: for<'a> TryFrom<&'a [u8]>,
    {
        T::try_from(self.bytes(column)?.as_slice())
            .map_err(|_| ApiError::damaged("a stored id has the wrong length"))
    }

    /// A BIGINT that is never negative.
    ///
    /// # Errors
    /// `damaged` if it is.
    pub fn uint(&self, column: usize) -> Result<u64, ApiError> {
        u64::try_from(self.int(column)?).map_err(|_| ApiError::damaged("a stored number is negative"))
    }
}

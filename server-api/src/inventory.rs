//! What the server keeps, checked against the live database.
//!
//! `inventory.toml` is the claim; [`check`] reads the schema and the stored bytes and lists what
//! contradicts it. Anyone can run it: `hedgerow-server inventory`.

use crate::errors::{ApiError, ApiResult};
use crate::values;
use crate::vault::db::{Db, Dialect};
use crate::vault::sealed_shape;
use serde::Deserialize;
use sqlx::{AssertSqlSafe, Row as _};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::Write;
use wire::ids::AccountId;
use wire::plaintext::Address;

/// What a field is to a curious reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Class {
    /// Ciphertext.
    C,
    /// A wrapped key.
    W,
    /// Public.
    P,
    /// Routing metadata.
    R,
    /// A credential verifier.
    V,
    /// An operational counter.
    O,
    /// Transient and readable by the server.
    T,
}

/// One stored field.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Its class.
    pub class: Class,
    /// Its shape, as listed at the top of `inventory.toml`.
    pub shape: String,
    /// What it is.
    pub what: String,
}

/// Fields by name.
pub type Fields = BTreeMap<String, Field>;

/// Everything the server keeps.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inventory {
    /// The tables and their columns.
    pub tables: BTreeMap<String, Fields>,
    /// Objects in the blob store.
    pub blobs: Fields,
    /// Files under `data.dir`.
    pub files: Fields,
    /// Fields of log lines.
    pub log: Fields,
}

impl Inventory {
    /// The inventory this binary was built with.
    ///
    /// # Errors
    /// `internal` if it is not of the documented form.
    pub fn built_in() -> ApiResult<Self> {
        toml::from_str(include_str!("../inventory.toml"))
            .map_err(|error| ApiError::internal(format!("inventory.toml: {}", error.message())))
    }
}

impl fmt::Display for Inventory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let groups = self.tables.iter().map(|(name, fields)| (format!("table {name}"), fields)).chain([
            ("blobs".to_owned(), &self.blobs),
            ("files".to_owned(), &self.files),
            ("log".to_owned(), &self.log),
        ]);
        for (name, fields) in groups {
            writeln!(f, "{name}")?;
            for (name, field) in fields {
                writeln!(f, "  {:?}  {name:<20} {:<12} {}", field.class, field.shape, field.what)?;
            }
        }
        Ok(())
    }
}

/// A column as the database describes it; types in the words of PostgreSQL.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Column {
    /// Its table.
    pub table: String,
    /// Its name.
    pub name: String,
    /// `bigint`, `text`, `bytea`.
    pub kind: String,
    /// Whether it is never NULL.
    pub not_null: bool,
}

/// Every column of every table, sorted.
///
/// # Errors
/// From the database.
pub async fn live_schema(db: &Db) -> ApiResult<Vec<Column>> {
    let mut tx = db.read().await?;
    let sql = match db.dialect() {
        Dialect::Sqlite => {
            "SELECT m.name, p.name, LOWER(p.type), p.\"notnull\" FROM sqlite_master m, pragma_table_info(m.name) p
             WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'"
        }
        Dialect::Postgres => {
            "SELECT CAST(table_name AS TEXT), CAST(column_name AS TEXT), CAST(data_type AS TEXT),
                 CAST(CASE WHEN is_nullable = 'NO' THEN 1 ELSE 0 END AS BIGINT)
             FROM information_schema.columns WHERE table_schema = current_schema()"
        }
    };
    let mut columns = tx
        .fetch_all(sql, &[])
        .await?
        .iter()
        .map(|row| {
            let kind = row.text(2)?;
            Ok(Column {
                table: row.text(0)?,
                name: row.text(1)?,
                kind: if kind == "blob" { "bytea".to_owned() } else { kind },
                not_null: row.int(3)? != 0,
            })
        })
        .collect::<ApiResult<Vec<_>>>()?;
    columns.sort();
    Ok(columns)
}

/// Compares the inventory with a live database: columns that are not listed, listed ones that are not
/// there, types and stored bytes that do not have their shape.
///
/// # Returns
/// One sentence per fault; none holds stored data.
///
/// # Errors
/// From the database.
pub async fn check(known: &Inventory, db: &Db) -> ApiResult<Vec<String>> {
    let mut faults = Vec::new();
    let live = live_schema(db).await?;
    let names: BTreeSet<(&str, &str)> =
        live.iter().map(|column| (column.table.as_str(), column.name.as_str())).collect();
    for (table, fields) in &known.tables {
        for name in fields.keys().filter(|name| !names.contains(&(table.as_str(), name.as_str()))) {
            faults.push(format!("{table}.{name} is listed, but not in the database"));
        }
    }
    for column in &live {
        let Some(field) = known.tables.get(&column.table).and_then(|fields| fields.get(&column.name)) else {
            faults.push(format!("{}.{} is in the database, but not listed", column.table, column.name));
            continue;
        };
        let sealed = matches!(field.class, Class::C | Class::W);
        if sealed && !matches!(field.shape.as_str(), "zke1" | "message") {
            faults.push(format!("{}.{} is C or W, but its shape is no envelope", column.table, column.name));
        }
        let expected = match field.shape.as_str() {
            "any" => continue,
            "number" | "time" => "bigint",
            "address" | "role" | "text" => "text",
            _ => "bytea",
        };
        if column.kind != expected {
            faults.push(format!("{}.{} has the type {}", column.table, column.name, column.kind));
            continue;
        }
        let wrong = wrong_values(db, column, &field.shape).await?;
        if wrong > 0 {
            faults.push(format!(
                "{}.{}: {wrong} stored values do not have the shape {}",
                column.table, column.name, field.shape
            ));
        }
    }
    Ok(faults)
}

/// Whether stored bytes have a shape.
type Fits = Box<dyn Fn(&[u8]) -> bool + Send>;

/// Counts stored values that do not have their shape.
async fn wrong_values(db: &Db, column: &Column, shape: &str) -> ApiResult<usize> {
    let fits: Fits = match shape {
        "id" => Box::new(|bytes| bytes.len() == 16),
        "zke1" => Box::new(|bytes| sealed_shape::check_envelope(bytes).is_ok()),
        "message" => Box::new(|bytes| sealed_shape::check_message(bytes).is_ok()),
        // A public key packet (tag 6) of either packet format.
        "certificate" => Box::new(|bytes| bytes.first().is_some_and(|tag| matches!(tag, 0x98..=0x9b | 0xc6))),
        "address" => {
            Box::new(|bytes| std::str::from_utf8(bytes).is_ok_and(|text| text.parse::<Address>().is_ok()))
        }
        "role" => {
            Box::new(|bytes| wire::mail::FolderRole::ALL.iter().any(|role| role.as_str().as_bytes() == bytes))
        }
        _ => match shape.strip_prefix("bytes:").and_then(|length| length.parse::<usize>().ok()) {
            Some(length) => Box::new(move |bytes| bytes.len() == length),
            None => return Ok(0),
        },
    };
    // The names come from the live schema, and only plain ones are put into the statement.
    let plain = |name: &str| {
        name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
    };
    if !plain(&column.table) || !plain(&column.name) {
        return Ok(1);
    }
    let cast = if column.kind == "text" { "CAST({} AS {})" } else { "{}" };
    let blob = if db.dialect() == Dialect::Sqlite { "BLOB" } else { "BYTEA" };
    let value = match (column.kind.as_str(), db.dialect()) {
        ("text", Dialect::Postgres) => format!("convert_to({}, 'UTF8')", column.name),
        _ => cast.replacen("{}", &column.name, 1).replacen("{}", blob, 1),
    };
    let sql = format!("SELECT {value} FROM {} WHERE {} IS NOT NULL", column.table, column.name);
    let stored: Vec<Vec<u8>> = match db {
        Db::Sqlite { readers, .. } => sqlx::query(AssertSqlSafe(sql))
            .fetch_all(readers)
            .await?
            .iter()
            .map(|row| row.try_get(0))
            .collect::<Result<_, _>>()?,
        Db::Postgres(pool) => sqlx::query(AssertSqlSafe(sql))
            .fetch_all(pool)
            .await?
            .iter()
            .map(|row| row.try_get(0))
            .collect::<Result<_, _>>()?,
    };
    Ok(stored.iter().filter(|bytes| !fits(bytes)).count())
}

/// Prints every account: address, creation (ms since 1970), bytes stored and allowed.
///
/// # Errors
/// From the database or the writer.
pub async fn list_accounts(db: &Db, out: &mut (impl Write + Send)) -> ApiResult<()> {
    let mut tx = db.read().await?;
    let rows = tx
        .fetch_all("SELECT address, created_at, used_bytes, quota_bytes FROM accounts ORDER BY address", &[])
        .await?;
    for row in rows {
        writeln!(out, "{}\t{}\t{}\t{}", row.text(0)?, row.int(1)?, row.int(2)?, row.int(3)?)?;
    }
    Ok(())
}

/// Prints what is held on one account: for each table the number of rows, for each field its class.
///
/// # Errors
/// `not_found` if there is no such account; else from the database or the writer.
pub async fn show_account(db: &Db, address: &Address, out: &mut (impl Write + Send)) -> ApiResult<()> {
    let known = Inventory::built_in()?;
    let mut tx = db.read().await?;
    let account: AccountId =
        tx.fetch_one("SELECT id FROM accounts WHERE address = $1", values![address.as_str()]).await?.id(0)?;
    for (table, count) in [
        ("accounts", "SELECT COUNT(*) FROM accounts WHERE id = $1"),
        ("account_objects", "SELECT COUNT(*) FROM account_objects WHERE account_id = $1"),
        ("sessions", "SELECT COUNT(*) FROM sessions WHERE account_id = $1"),
        ("handshakes", "SELECT COUNT(*) FROM handshakes WHERE account_id = $1"),
        ("blobs", "SELECT COUNT(*) FROM blobs WHERE owner_id = $1"),
        ("blob_holders", "SELECT COUNT(*) FROM blob_holders WHERE account_id = $1"),
        ("collections", "SELECT COUNT(*) FROM collections WHERE account_id = $1"),
        ("items", "SELECT COUNT(*) FROM items WHERE account_id = $1"),
        ("item_chunks", "SELECT COUNT(*) FROM item_chunks WHERE account_id = $1"),
        ("feed", "SELECT COUNT(*) FROM feed WHERE account_id = $1"),
        ("folders", "SELECT COUNT(*) FROM folders WHERE account_id = $1"),
        ("messages", "SELECT COUNT(*) FROM messages WHERE account_id = $1"),
        ("submissions", "SELECT COUNT(*) FROM submissions WHERE account_id = $1"),
        ("aliases", "SELECT COUNT(*) FROM aliases WHERE account_id = $1"),
        ("arrivals", "SELECT COUNT(*) FROM arrivals WHERE account_id = $1"),
        ("outgoing", "SELECT COUNT(*) FROM outgoing WHERE account_id = $1"),
        (
            "outgoing_routes",
            "SELECT COUNT(*) FROM outgoing_routes r JOIN outgoing o ON o.id = r.outgoing_id WHERE o.account_id = $1",
        ),
    ] {
        let rows = tx.fetch_one(count, values![&account]).await?.int(0)?;
        writeln!(out, "{table}: {rows} rows")?;
        for (name, field) in known.tables.get(table).into_iter().flatten() {
            writeln!(out, "  {:?}  {name:<20} {}", field.class, field.what)?;
        }
    }
    Ok(())
}

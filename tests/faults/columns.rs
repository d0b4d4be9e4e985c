//! One bit flipped in a stored value of every column of every table: a clear error, or nothing that a
//! person would notice; never mail of other words, another sender, another subject.

use anyhow::{Result, ensure};
use model::error::CoreErrorCode as Code;
use sqlx::sqlite::{SqliteConnectOptions, SqliteRow};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Row as _, SqliteConnection};
use std::collections::BTreeMap;
use tests::person::Person;
use tests::refusal::Refusal;
use tests::server::Server;
use wire::error::ErrorCode;
use wire::mail::FolderRole;

const SUBJECT: &str = "the subject as it was";
const TEXT: &str = "the words as they were";

/// Columns whose damage may make mail or an account seem not to be there: by them a row is found. The person
/// meets an error that says no more than that; the operator is told by `hedgerow-server check`, and most of
/// it by the log at the next start.
const MAY_VANISH: &[&str] = &[
    "accounts.address",
    "blob_holders.account_id",
    "blob_holders.blob_id",
    "blobs.id",
    "folders.account_id",
    "folders.id",
    "messages.account_id",
    "messages.blob_id",
    "messages.folder_id",
];

/// What a person met.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Met {
    /// All as it was.
    Whole,
    /// An error that says that something is damaged.
    Told(String),
    /// An error that says something else, or mail that is not there.
    Unclear(String),
    /// Something that is not true.
    Wrong(String),
}

fn judge(what: &str, refusal: &Refusal) -> Met {
    let told = matches!(refusal.server(), Some(ErrorCode::Damaged))
        || matches!(
            refusal.core(),
            Some(
                Code::Tampered
                    | Code::Malformed
                    | Code::KeySubstituted
                    | Code::NoKeyForMessage
                    | Code::RolledBack
                    | Code::UnknownSuite
            )
        );
    let text = format!("{what}: {refusal}");
    if told { Met::Told(text) } else { Met::Unclear(text) }
}

macro_rules! or_met {
    ($what:literal, $outcome:expr) => {
        match $outcome {
            Ok(value) => value,
            Err(refusal) => return judge($what, &refusal),
        }
    };
}

/// Signs in at a new device, lists, and reads.
async fn look(server: &Server, bob: &Person) -> Met {
    let Ok(mut device) = Person::at(server, "bob", &bob.passphrase) else {
        return Met::Unclear("no device".into());
    };
    or_met!("sign-in", device.sign_in().await);
    let inbox = or_met!("list", device.messages(FolderRole::Inbox).await);
    let Some(view) = inbox.first().cloned() else {
        return Met::Unclear("the mail is not in the list".into());
    };
    let rows = or_met!("rows", device.rows(inbox).await);
    let row = match rows.first().map(|row| row.summary.clone()) {
        Some(Ok(summary)) if summary.subject == SUBJECT && summary.from.address == "alice@hedgerow.test" => {
            Met::Whole
        }
        Some(Ok(summary)) => return Met::Wrong(format!("the row says {summary:?}")),
        Some(Err(error)) => Met::Told(format!("row: {error}")),
        None => return Met::Unclear("there is no row".into()),
    };
    let message = or_met!("reading", device.read(&view).await);
    if message.text.trim() != TEXT || message.subject != SUBJECT {
        return Met::Wrong(format!("the mail says {:?}", message.subject));
    }
    if message.summary_differs { Met::Told("summary differs".into()) } else { row }
}

/// The value with one bit flipped, as an SQL literal.
fn flipped(row: &SqliteRow) -> Result<Option<String>> {
    let kind: String = row.try_get(1)?;
    let hex: String = row.try_get(2)?;
    Ok(match kind.as_str() {
        "integer" => {
            let number: i64 = row.try_get(0)?;
            Some((number ^ 4).to_string())
        }
        "blob" | "text" => {
            let mut bytes = hex::decode(hex)?;
            let half = bytes.len() / 2;
            let Some(byte) = bytes.get_mut(half) else { return Ok(None) };
            *byte ^= 4;
            let literal = format!("X'{}'", hex::encode(bytes));
            Some(if kind == "text" { format!("CAST({literal} AS TEXT)") } else { literal })
        }
        _ => None,
    })
}

async fn open(server: &Server) -> Result<SqliteConnection> {
    let options = SqliteConnectOptions::new().filename(server.dir().join("hedgerow.sqlite"));
    // A failing disk knows no foreign keys.
    Ok(options.foreign_keys(false).busy_timeout(std::time::Duration::from_secs(10)).connect().await?)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bit_in_every_column_of_every_table() -> Result<()> {
    let server = Server::with(&[("limits.account_logins_per_hour", "100000")]).await?;
    let bob = Person::new(&server, "bob").await?;
    let mut alice = Person::new(&server, "alice").await?;
    alice.send(&[&bob.address], SUBJECT, TEXT).await?;
    ensure!(
        look(&server, &bob).await == Met::Whole,
        "the scene does not stand: {:?}",
        look(&server, &bob).await
    );

    let mut database = open(&server).await?;
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE '_sqlx%' \
         ORDER BY name",
    )
    .fetch_all(&mut database)
    .await?;
    let (mut met, mut flips) = (BTreeMap::<String, Vec<Met>>::new(), 0);
    for table in &tables {
        let sql = format!("SELECT name FROM pragma_table_info('{table}')");
        let columns: Vec<String> = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(&mut database).await?;
        // A few rows of each table: bob's and alice's.
        let sql = format!("SELECT rowid FROM {table} ORDER BY rowid LIMIT 3");
        let rows: Vec<i64> = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(&mut database).await?;
        for column in &columns {
            for rowid in &rows {
                let sql = format!(
                    "SELECT {column}, typeof({column}), hex({column}) FROM {table} WHERE rowid = {rowid}"
                );
                let Some(before) = sqlx::query(AssertSqlSafe(sql)).fetch_optional(&mut database).await?
                else {
                    continue;
                };
                let Some(damaged) = flipped(&before)? else { continue };
                let kept = format!(
                    "CREATE TEMP TABLE kept AS SELECT {column} AS v FROM {table} WHERE rowid = {rowid}"
                );
                let damage = format!("UPDATE {table} SET {column} = {damaged} WHERE rowid = {rowid}");
                sqlx::raw_sql(AssertSqlSafe(format!("{kept}; {damage}"))).execute(&mut database).await?;
                flips += 1;
                let mut outcome = look(&server, &bob).await;
                let name = format!("{table}.{column}");
                if matches!(outcome, Met::Unclear(_)) && MAY_VANISH.contains(&name.as_str()) {
                    let (whole, said) = server.outcome(&["check"])?;
                    ensure!(!whole && said.contains("DAMAGED"), "{name}: check says {said}");
                    outcome = Met::Told(said);
                }
                met.entry(name).or_default().push(outcome);
                let repair = format!(
                    "UPDATE {table} SET {column} = (SELECT v FROM kept) WHERE rowid = {rowid}; DROP TABLE kept"
                );
                sqlx::raw_sql(AssertSqlSafe(repair)).execute(&mut database).await?;
            }
        }
    }
    ensure!(look(&server, &bob).await == Met::Whole, "the scene was not put back");
    let (whole, said) = server.outcome(&["check"])?;
    ensure!(whole, "check sees damage where there is none: {said}");
    ensure!(flips > 80, "only {flips} bits were flipped");
    let told = met.values().flatten().filter(|met| matches!(met, Met::Told(_))).count();
    ensure!(told > 10, "only {told} of {flips} were noticed");
    let mut faults = Vec::new();
    for (column, outcomes) in &met {
        for outcome in outcomes {
            match outcome {
                Met::Whole | Met::Told(_) => {}
                Met::Unclear(text) | Met::Wrong(text) => faults.push(format!("{column}: {text}")),
            }
        }
    }
    ensure!(faults.is_empty(), "{} of {flips} flips:\n{}", faults.len(), faults.join("\n"));
    Ok(())
}

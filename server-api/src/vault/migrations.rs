//! The schema: two folders of the same numbers and shapes, embedded in the binary.

use super::db::Db;
use crate::errors::{ApiError, ApiResult};
use sqlx::SqlSafeStr as _;
use sqlx::migrate::{Migration, MigrationType, Migrator};

macro_rules! migrations {
    ($folder:literal) => {
        [
            (1, "foundations", include_str!(concat!("../../migrations/", $folder, "/0001_foundations.sql"))),
            (2, "vault", include_str!(concat!("../../migrations/", $folder, "/0002_vault.sql"))),
            (3, "mail", include_str!(concat!("../../migrations/", $folder, "/0003_mail.sql"))),
            (4, "digests", include_str!(concat!("../../migrations/", $folder, "/0004_digests.sql"))),
            (5, "arrivals", include_str!(concat!("../../migrations/", $folder, "/0005_arrivals.sql"))),
            (6, "outgoing", include_str!(concat!("../../migrations/", $folder, "/0006_outgoing.sql"))),
        ]
    };
}

fn migrator(scripts: [(i64, &'static str, &'static str); 6]) -> Migrator {
    Migrator::with_migrations(
        scripts
            .into_iter()
            .map(|(number, name, sql)| {
                Migration::new(number, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
            })
            .collect(),
    )
}

/// Brings the schema up to date. Several processes may do it at once on PostgreSQL: one waits.
///
/// # Errors
/// `internal` if a migration fails or the database is newer than this binary.
pub async fn run(db: &Db) -> ApiResult<()> {
    let done = match db {
        Db::Sqlite { writer, .. } => migrator(migrations!("sqlite")).run(writer).await,
        Db::Postgres(pool) => migrator(migrations!("postgres")).run(pool).await,
    };
    done.map_err(|error| match error {
        sqlx::migrate::MigrateError::Execute(error) => error.into(),
        sqlx::migrate::MigrateError::VersionMissing(number) => ApiError::internal(format!(
            "the database has migration {number}, which this version does not know: use a newer server"
        )),
        sqlx::migrate::MigrateError::VersionMismatch(number) => {
            ApiError::internal(format!("migration {number} was changed after it was applied"))
        }
        _ => ApiError::internal("the database could not be migrated"),
    })
}

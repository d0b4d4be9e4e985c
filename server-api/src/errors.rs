//! The one error of the server and its way onto the wire.

use axum::Json;
use axum::extract::rejection::{BytesRejection, JsonRejection, PathRejection, QueryRejection};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::borrow::Cow;
use std::io::ErrorKind;
use wire::error::{ErrorBody, ErrorCode};
use wire::plaintext::Address;

/// Why a request failed. Its text is for developers and holds nothing private: no address, no SQL value,
/// no path. The cause, where it is the server's own, goes to the log in the same reduced form.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{}: {message}", code.as_str())]
pub struct ApiError {
    code: ErrorCode,
    message: Cow<'static, str>,
    retry_after_s: Option<u32>,
    address: Option<Address>,
    race: bool,
}

/// Shorthand for fallible server code.
pub type ApiResult<T> = Result<T, ApiError>;

impl ApiError {
    /// An error with this code and sentence.
    pub fn new(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into(), retry_after_s: None, address: None, race: false }
    }

    /// The request is not of the documented form.
    pub fn malformed(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::Malformed, message)
    }

    /// No such object, or not this account's.
    pub fn not_found() -> Self {
        Self::new(ErrorCode::NotFound, "there is no such object in this account")
    }

    /// There is no session.
    pub fn not_signed_in() -> Self {
        Self::new(ErrorCode::NotSignedIn, "sign in first")
    }

    /// Someone else changed it first.
    pub fn stale() -> Self {
        Self::new(ErrorCode::Stale, "it was changed meanwhile; read it again, then repeat")
    }

    /// Stored bytes are missing or damaged.
    pub fn damaged(message: impl Into<Cow<'static, str>>) -> Self {
        let error = Self::new(ErrorCode::Damaged, message);
        tracing::error!(cause = %error.message, "stored data is damaged");
        error
    }

    /// Something broke in the server. The text must not hold anything private.
    pub fn internal(message: impl Into<Cow<'static, str>>) -> Self {
        let error = Self::new(ErrorCode::Internal, message);
        tracing::error!(cause = %error.message, "internal error");
        error
    }

    /// Too many requests.
    pub fn too_many(retry_after_s: u32) -> Self {
        Self {
            retry_after_s: Some(retry_after_s.max(1)),
            ..Self::new(ErrorCode::TooMany, "too many requests; wait, then repeat")
        }
    }

    /// Names the address the error is about (`no_such_recipient`, `quota_exceeded` on sending).
    #[must_use]
    pub fn about(mut self, address: Address) -> Self {
        self.address = Some(address);
        self
    }

    /// The stable code.
    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// Whether the transaction lost a race on PostgreSQL and may be repeated.
    pub(crate) fn lost_a_race(&self) -> bool {
        self.race
    }

    /// As sent to the client.
    pub fn body(&self) -> ErrorBody {
        ErrorBody {
            code: self.code,
            message: self.message.to_string(),
            retry_after_s: self.retry_after_s,
            address: self.address.clone(),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(self.body())).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

fn storage_full() -> ApiError {
    tracing::error!("the disk is full");
    ApiError::new(ErrorCode::StorageFull, "the server's disk is full; nothing was stored")
}

fn unavailable(message: &'static str, cause: &str) -> ApiError {
    tracing::error!(cause, "{message}");
    ApiError::new(ErrorCode::Unavailable, message)
}

impl From<std::io::Error> for ApiError {
    fn from(error: std::io::Error) -> Self {
        if is_full(&error) {
            return storage_full();
        }
        Self::internal(format!("input or output failed ({:?})", error.kind()))
    }
}

/// Whether the disk or the disk quota is used up.
fn is_full(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge)
}

impl From<sqlx::Error> for ApiError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::RowNotFound => Self::not_found(),
            sqlx::Error::Io(io) if is_full(&io) => storage_full(),
            sqlx::Error::Io(io) => unavailable("the database is out of reach", &format!("{:?}", io.kind())),
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => {
                unavailable("the database is out of reach", "no connection")
            }
            sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) => {
                unavailable("the database is out of reach", "connection broken")
            }
            sqlx::Error::Database(database) => {
                let code = database.code().unwrap_or_default().into_owned();
                from_database_code(&code)
            }
            sqlx::Error::BeginFailed | sqlx::Error::InvalidSavePointStatement => {
                unavailable("the database is out of reach", "no transaction")
            }
            // The texts of these hold column names and types, never values; still, only the kind is told.
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::ColumnNotFound(_) => {
                Self::internal("a stored row has an unexpected shape")
            }
            _ => Self::internal("the database driver failed"),
        }
    }
}

/// SQLite result codes are numbers (primary code in the low octet), SQLSTATEs have five characters.
fn from_database_code(code: &str) -> ApiError {
    // SQLITE_IOERR_WRITE, _FSYNC, _TRUNCATE, _SHMOPEN, _SHMSIZE, _SHMMAP: what SQLite says besides
    // SQLITE_FULL when the volume ran full under the WAL or its index.
    const FULL_IO: [i64; 6] = [778, 1034, 1546, 4618, 4874, 5386];
    if code.len() == 5 {
        return match code {
            "40001" | "40P01" => ApiError {
                race: true,
                ..ApiError::new(ErrorCode::Unavailable, "the database is too busy; repeat the request")
            },
            "53100" => storage_full(),
            "25006" | "53200" | "53300" | "55P03" | "57014" | "57P01" | "57P02" | "57P03" | "57P05" => {
                unavailable("the database is out of reach", code)
            }
            _ if code.starts_with("08") => unavailable("the database is out of reach", code),
            _ if code.starts_with("XX") => ApiError::damaged("the database is damaged"),
            _ => ApiError::internal(format!("the database refused a statement ({code})")),
        };
    }
    match code.parse::<i64>() {
        Ok(number) if number & 0xff == 13 || FULL_IO.contains(&number) => storage_full(),
        Ok(number) => match number & 0xff {
            5 | 6 => unavailable("the database is busy; repeat the request", code),
            8 | 10 | 14 => unavailable("the database is out of reach", code),
            11 | 26 => ApiError::damaged("the database is damaged"),
            _ => ApiError::internal(format!("the database refused a statement ({code})")),
        },
        Err(_) => ApiError::internal("the database refused a statement"),
    }
}

impl From<object_store::Error> for ApiError {
    fn from(error: object_store::Error) -> Self {
        if matches!(error, object_store::Error::NotFound { .. }) {
            return Self::damaged("a stored blob is missing");
        }
        // Walk the causes for a full disk; their texts hold paths and go nowhere.
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
        while let Some(current) = cause {
            if let Some(io) = current.downcast_ref::<std::io::Error>() {
                return if is_full(io) {
                    storage_full()
                } else {
                    unavailable("the blob store is out of reach", &format!("{:?}", io.kind()))
                };
            }
            cause = current.source();
        }
        unavailable("the blob store is out of reach", "no answer")
    }
}

impl From<JsonRejection> for ApiError {
    fn from(rejection: JsonRejection) -> Self {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            return Self::new(ErrorCode::TooLarge, "the request is larger than the server takes");
        }
        // serde's text may quote what was sent, so it is not repeated.
        Self::malformed(match rejection {
            JsonRejection::MissingJsonContentType(_) => "the content type must be application/json",
            JsonRejection::JsonSyntaxError(_) => "the body is not JSON",
            JsonRejection::JsonDataError(_) => "the body does not have the documented form",
            _ => "the body could not be read",
        })
    }
}

impl From<BytesRejection> for ApiError {
    fn from(rejection: BytesRejection) -> Self {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            return Self::new(ErrorCode::TooLarge, "the request is larger than the server takes");
        }
        Self::malformed("the body could not be read")
    }
}

impl From<PathRejection> for ApiError {
    fn from(_: PathRejection) -> Self {
        Self::malformed("the path does not have the documented form")
    }
}

impl From<QueryRejection> for ApiError {
    fn from(_: QueryRejection) -> Self {
        Self::malformed("the query does not have the documented form")
    }
}

/// JSON in and out with the server's own refusals: use this instead of `axum::Json` in handlers.
#[derive(Debug, Clone, Copy, axum::extract::FromRequest)]
#[from_request(via(axum::Json), rejection(ApiError))]
pub struct Wire<T>(pub T);

impl<T: serde::Serialize> IntoResponse for Wire<T> {
    fn into_response(self) -> Response {
        ([(header::CACHE_CONTROL, "no-store")], Json(self.0)).into_response()
    }
}

/// A typed path with the server's own refusal.
#[derive(Debug, Clone, Copy, axum::extract::FromRequestParts)]
#[from_request(via(axum::extract::Path), rejection(ApiError))]
pub struct PathOf<T>(pub T);

/// A typed query with the server's own refusal.
#[derive(Debug, Clone, Copy, axum::extract::FromRequestParts)]
#[from_request(via(axum::extract::Query), rejection(ApiError))]
pub struct QueryOf<T>(pub T);

//! Where ciphertext lies: a local folder or an S3 bucket.
//!
//! Every upload gets a random name of its own, its *place*, which nothing ever writes to again. So there
//! is no overwriting, no half-written object under a visible name (a folder's files are staged, synced
//! and then linked; S3 shows whole objects only), and what a crash leaves behind is merely unlisted and
//! is swept later.

use super::folders::make_private;
use super::sealed_shape;
use crate::config::BlobsUrl;
use crate::errors::{ApiError, ApiResult};
use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt as _, TryStreamExt as _, stream::BoxStream};
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{MultipartUpload as _, ObjectStore, ObjectStoreExt as _, PutMode, PutOptions, PutPayload};
use sha2::{Digest as _, Sha256};
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use wire::error::ErrorCode;

/// Bytes held in memory per upload; S3 wants parts of at least 5 MiB.
const PART: usize = 5 << 20;
/// How long an upload may be silent.
const SILENCE: Duration = Duration::from_secs(60);

/// The random name of an object.
pub type Place = [u8; 16];

/// What an upload left in the store.
#[derive(Debug, Clone)]
pub struct Kept {
    /// Its name.
    pub place: Place,
    /// Its size in bytes.
    pub size: u64,
    /// SHA-256 of its bytes.
    pub sha256: [u8; 32],
}

/// The blob store. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Blobs {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
    most: u64,
}

impl Blobs {
    /// Opens the store; a folder is made. `most` is the largest size in bytes.
    ///
    /// # Errors
    /// `internal` if S3 is not configured, `storage_full` or `unavailable` from the folder.
    pub fn open(url: &BlobsUrl, most: u64) -> ApiResult<Self> {
        Ok(match url {
            BlobsUrl::Folder(dir) => {
                make_private(dir)?;
                let store = LocalFileSystem::new_with_prefix(dir)?.with_fsync(true);
                Self { store: Arc::new(store), prefix: Path::default(), most }
            }
            BlobsUrl::S3 { bucket, prefix } => {
                let store = AmazonS3Builder::from_env()
                    .with_bucket_name(bucket)
                    .build()
                    .map_err(|_| ApiError::internal("S3 is not configured: set the AWS_ variables"))?;
                let prefix = Path::parse(prefix)
                    .map_err(|_| ApiError::internal("the prefix in data.blobs_url is not a path"))?;
                Self { store: Arc::new(store), prefix, most }
            }
        })
    }

    /// Two levels of folders keep directories small.
    fn path(&self, place: &Place) -> Path {
        let name = hex::encode(place);
        let (fan, rest) = name.split_at(2);
        self.prefix.clone().join(fan).join(rest)
    }

    fn place(&self, path: &Path) -> Option<Place> {
        let name: String = path.prefix_match(&self.prefix)?.map(|part| part.as_ref().to_owned()).collect();
        hex::decode(name).ok()?.try_into().ok()
    }

    /// Takes a ciphertext in, durable once this returns.
    ///
    /// # Errors
    /// `not_sealed` if it does not begin like ciphertext, `too_large` beyond the size limit,
    /// `quota_exceeded` beyond `room`, `storage_full`, `unavailable`, `malformed` if the client broke off.
    pub async fn keep<S, E>(&self, body: S, room: u64) -> ApiResult<Kept>
    where
        S: Stream<Item = Result<Bytes, E>> + Send,
        E: Send,
    {
        let place = crate::app::random();
        let path = self.path(&place);
        let mut upload = Incoming::new(body, self.most, room);
        let first = upload.part().await?;
        sealed_shape::check_blob_start(&first, upload.ended)?;
        if upload.ended {
            let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
            self.store.put_opts(&path, PutPayload::from_bytes(first), options).await?;
        } else {
            let mut parts = self.store.put_multipart(&path).await?;
            let done = async {
                parts.put_part(PutPayload::from_bytes(first)).await?;
                while !upload.ended {
                    let part = upload.part().await?;
                    if !part.is_empty() {
                        parts.put_part(PutPayload::from_bytes(part)).await?;
                    }
                }
                parts.complete().await?;
                Ok::<_, ApiError>(())
            }
            .await;
            if let Err(error) = done {
                // What cannot be taken back now is swept later.
                let _ = parts.abort().await;
                return Err(error);
            }
        }
        let (size, sha256) = upload.finish();
        Ok(Kept { place, size, sha256 })
    }

    /// Only measures a body, for a repeated upload.
    ///
    /// # Errors
    /// As [`Blobs::keep`].
    pub async fn measure<S, E>(&self, body: S) -> ApiResult<(u64, [u8; 32])>
    where
        S: Stream<Item = Result<Bytes, E>> + Send,
        E: Send,
    {
        let mut upload = Incoming::new(body, self.most, u64::MAX);
        while !upload.ended {
            upload.part().await?;
        }
        Ok(upload.finish())
    }

    /// The ciphertext as a stream, with its size.
    ///
    /// # Errors
    /// `damaged` if it is missing, `unavailable`.
    pub async fn fetch(
        &self,
        place: &Place,
    ) -> ApiResult<(u64, BoxStream<'static, object_store::Result<Bytes>>)> {
        let got = self.store.get(&self.path(place)).await?;
        Ok((got.meta.size, got.into_stream()))
    }

    /// The whole ciphertext in memory.
    ///
    /// # Errors
    /// As [`Blobs::fetch`].
    pub async fn fetch_whole(&self, place: &Place) -> ApiResult<Bytes> {
        Ok(self.store.get(&self.path(place)).await?.bytes().await?)
    }

    /// Removes an object; a missing one is fine.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn discard(&self, place: &Place) -> ApiResult<()> {
        match self.store.delete(&self.path(place)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// The places of all objects written before `moment`.
    pub fn older_than(&self, moment: SystemTime) -> BoxStream<'_, ApiResult<Place>> {
        self.store
            .list(Some(&self.prefix))
            .map_err(ApiError::from)
            .try_filter_map(move |object| async move {
                let old = SystemTime::from(object.last_modified) < moment;
                Ok(old.then(|| self.place(&object.location)).flatten())
            })
            .boxed()
    }
}

/// A body on its way in: cut into parts, measured and hashed.
struct Incoming<S> {
    body: std::pin::Pin<Box<S>>,
    hash: Sha256,
    size: u64,
    most: u64,
    room: u64,
    ended: bool,
}

impl<S, E> Incoming<S>
where
    S: Stream<Item = Result<Bytes, E>> + Send,
    E: Send,
{
    fn new(body: S, most: u64, room: u64) -> Self {
        Self { body: Box::pin(body), hash: Sha256::new(), size: 0, most, room, ended: false }
    }

    /// The next [`PART`] bytes or a little more; fewer at the end.
    async fn part(&mut self) -> ApiResult<Bytes> {
        let mut part = BytesMut::new();
        while part.len() < PART {
            let next = pin!(self.body.next());
            let chunk = tokio::time::timeout(SILENCE, next)
                .await
                .map_err(|_| ApiError::malformed("the upload stalled; repeat it"))?;
            match chunk {
                None => {
                    self.ended = true;
                    break;
                }
                Some(Err(_)) => return Err(ApiError::malformed("the upload broke off; repeat it")),
                Some(Ok(bytes)) => {
                    self.size += bytes.len() as u64;
                    if self.size > self.most {
                        return Err(ApiError::new(
                            ErrorCode::TooLarge,
                            "the blob is larger than the server takes",
                        ));
                    }
                    if self.size > self.room {
                        return Err(ApiError::new(
                            ErrorCode::QuotaExceeded,
                            "the account's storage is used up",
                        ));
                    }
                    self.hash.update(&bytes);
                    part.extend_from_slice(&bytes);
                }
            }
        }
        Ok(part.freeze())
    }

    fn finish(self) -> (u64, [u8; 32]) {
        (self.size, self.hash.finalize().into())
    }
}

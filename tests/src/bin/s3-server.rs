//! An S3 server for tests: `s3-server PORT FOLDER`, on 127.0.0.1, with the access key
//! `hedgerow` and the secret key `hedgerow-secret`. Each folder in `FOLDER` is a bucket.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use s3s_fs::FileSystem;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let port: u16 =
        arguments.next().context("usage: s3-server PORT FOLDER")?.parse().context("PORT is a number")?;
    let folder = PathBuf::from(arguments.next().context("usage: s3-server PORT FOLDER")?);
    std::fs::create_dir_all(&folder)?;
    let files = FileSystem::new(folder).map_err(|error| anyhow::anyhow!("{error:?}"))?;
    let mut builder = S3ServiceBuilder::new(files);
    builder.set_auth(SimpleAuth::from_single("hedgerow", "hedgerow-secret"));
    let service = builder.build();
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let http = Builder::new(TokioExecutor::new());
    loop {
        let (socket, _) = listener.accept().await?;
        let connection = http.serve_connection(TokioIo::new(socket), service.clone()).into_owned();
        tokio::spawn(async move {
            // A client that goes away is no matter for the others.
            let _ = connection.await;
        });
    }
}

//! An S3 server of our own for the length of a test run.

use std::net::TcpStream;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::postgres::free_port;
use crate::process::Service;
use crate::say;
use crate::workspace::Workspace;

/// The bucket that tests find.
const BUCKET: &str = "hedgerow";

/// The server of `tests/src/bin/s3-server.rs` on a temporary folder.
#[derive(Debug)]
pub(crate) struct S3 {
    server: Service,
    folder: tempfile::TempDir,
    port: u16,
}

impl S3 {
    /// Starts it and waits until it listens.
    ///
    /// # Errors
    /// When it isn't built or doesn't start.
    pub(crate) fn start(workspace: &Workspace) -> Result<Self> {
        say::step("Starting a temporary S3 server");
        let folder = tempfile::Builder::new().prefix("hedgerow-s3-").tempdir()?;
        std::fs::create_dir(folder.path().join(BUCKET))?;
        let port = free_port()?;
        let mut server = Service::start(
            "the S3 server",
            Command::new(workspace.target.join("debug/s3-server")).arg(port.to_string()).arg(folder.path()),
        )?;
        let deadline = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if let Some(status) = server.ended()? {
                bail!("the S3 server did not start ({status})");
            }
            if Instant::now() > deadline {
                bail!("the S3 server did not answer within 10 seconds");
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(Self { server, folder, port })
    }

    /// What a test's environment needs.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("HEDGEROW_TEST_S3", format!("s3://{BUCKET}")),
            ("HEDGEROW_TEST_S3_DIR", self.folder.path().display().to_string()),
            ("AWS_ENDPOINT", format!("http://127.0.0.1:{}", self.port)),
            ("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{}", self.port)),
            ("AWS_ALLOW_HTTP", "true".to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", "hedgerow".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "hedgerow-secret".to_owned()),
        ]
    }

    /// Stops it; the folder goes with the value.
    pub(crate) fn stop(mut self) {
        // It keeps nothing that a hard end could hurt.
        let _ = self.server.stop();
    }
}

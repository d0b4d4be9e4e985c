//! Starting and stopping.

use crate::app::{App, router};
use crate::config::Config;
use crate::errors::{ApiError, ApiResult};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How long requests under way may take once the server is stopping.
const GRACE: Duration = Duration::from_secs(4);

/// A running server.
#[derive(Debug)]
pub struct Serving {
    address: SocketAddr,
    smtp: Option<SocketAddr>,
    app: App,
    task: JoinHandle<ApiResult<()>>,
}

impl Serving {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it takes mail from other servers.
    pub fn smtp_address(&self) -> Option<SocketAddr> {
        self.smtp
    }

    /// Its state, for commands and tests in the same process.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// Waits until it has stopped.
    ///
    /// # Errors
    /// `internal` if it stopped for another reason than being asked to.
    pub async fn wait(self) -> ApiResult<()> {
        self.task.await.map_err(|_| ApiError::internal("the server task ended abnormally"))?
    }
}

/// Opens the stores, migrates, listens, and serves until `shutdown` is cancelled; then ends event
/// streams at once, gives other requests four seconds, and closes the database.
///
/// # Errors
/// `unavailable` if a store or the listening address is out of reach.
pub async fn serve(config: Config, shutdown: CancellationToken) -> ApiResult<Serving> {
    let app = App::open(config).await?;
    let listener = TcpListener::bind(app.config.http.listen).await.map_err(|error| {
        ApiError::new(
            wire::error::ErrorCode::Unavailable,
            format!("cannot listen on {}: {:?}", app.config.http.listen, error.kind()),
        )
    })?;
    let address = listener.local_addr()?;
    let smtp = crate::edges::smtp_in::Listening::bind(&app).await?;
    let smtp_address = smtp.as_ref().map(|smtp| smtp.address()).transpose()?;
    if let Some(smtp) = smtp {
        tokio::spawn(smtp.run());
    }
    tokio::spawn(crate::mail::service::forget_arrivals(app.clone()));
    tokio::spawn(crate::vault::blobs::sweep_forever(app.clone()));
    tokio::spawn(forget_old(app.clone()));
    let task = tokio::spawn(run(app.clone(), listener, shutdown));
    Ok(Serving { address, smtp: smtp_address, app, task })
}

async fn run(app: App, listener: TcpListener, shutdown: CancellationToken) -> ApiResult<()> {
    let service = router(app.clone()).into_make_service_with_connect_info::<SocketAddr>();
    let stopping = app.stopping.clone();
    let server =
        axum::serve(listener, service).with_graceful_shutdown(async move { stopping.cancelled().await });
    let deadline = async {
        shutdown.cancelled().await;
        tracing::info!("stopping");
        app.stopping.cancel();
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        done = server => {
            // Only reached with `shutdown` or a broken listener.
            app.stopping.cancel();
            done?;
        }
        () = deadline => tracing::warn!("some requests were cut off"),
    }
    // Bounded: a database that hangs must not keep the process.
    let _ = tokio::time::timeout(Duration::from_millis(800), app.db.close()).await;
    tracing::info!("stopped");
    Ok(())
}

async fn forget_old(app: App) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(600)) => app.limits.forget_old(),
            () = app.stopping.cancelled() => return,
        }
    }
}

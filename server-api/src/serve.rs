//! Starting and stopping.

use crate::app::{App, router};
use crate::config::Config;
use crate::errors::{ApiError, ApiResult};
use axum::extract::ConnectInfo;
use axum::{Extension, Router};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tower::Layer as _;

/// How long requests under way may take once the server is stopping.
const GRACE: Duration = Duration::from_secs(4);

/// Between two attempts to accept, when one failed.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

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
    if let Some(worker) = crate::edges::smtp_out::Worker::new(&app).await? {
        tokio::spawn(worker.run());
    }
    tokio::spawn(crate::mail::service::forget_arrivals(app.clone()));
    tokio::spawn(crate::vault::blobs::sweep_forever(app.clone()));
    tokio::spawn(forget_old(app.clone()));
    tokio::spawn(look_for_damage(app.clone()));
    let task = tokio::spawn(run(app.clone(), listener, shutdown));
    Ok(Serving { address, smtp: smtp_address, app, task })
}

async fn run(app: App, listener: TcpListener, shutdown: CancellationToken) -> ApiResult<()> {
    let server = answer(router(app.clone()), listener, app.clone());
    let deadline = async {
        shutdown.cancelled().await;
        tracing::info!("stopping");
        app.stopping.cancel();
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        // Only reached with `shutdown`.
        () = server => {}
        () = deadline => tracing::warn!("some requests were cut off"),
    }
    // Bounded: a database that hangs must not keep the process.
    let _ = tokio::time::timeout(Duration::from_millis(800), app.db.close()).await;
    tracing::info!("stopped");
    Ok(())
}

/// Answers each connection until the server stops, then ends them after their requests. As `axum::serve`
/// does, but a client that dawdles over the head of a request, or sends none, is cut off: it would hold a
/// connection for ever.
async fn answer(router: Router, listener: TcpListener, app: App) {
    let mut builder = Builder::new(TokioExecutor::new()).http1_only();
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(app.config.limits.header_seconds));
    let connections = GracefulShutdown::new();
    loop {
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Broken before it was accepted, or no file handles left: the next may do.
                    tracing::warn!(cause = ?error.kind(), "a connection was not accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            },
            () = app.stopping.cancelled() => break,
        };
        // Small answers must not wait for more.
        let _ = stream.set_nodelay(true);
        let service = TowerToHyperService::new(Extension(ConnectInfo(peer)).layer(router.clone()));
        let connection = builder.serve_connection(TokioIo::new(stream), service).into_owned();
        let watched = connections.watch(connection);
        tokio::spawn(async move {
            // A broken or slow connection concerns its client only.
            let _ = watched.await;
        });
    }
    drop(listener);
    connections.shutdown().await;
}

/// Beside the first requests: rows that point nowhere are mail that nobody sees, and nobody would tell.
async fn look_for_damage(app: App) {
    match app.db.self_check().await {
        Ok(faults) if faults.is_empty() => {}
        Ok(faults) => tracing::error!(
            faults = faults.len(),
            "the database is damaged; `hedgerow-server check` says where"
        ),
        Err(error) => tracing::warn!(%error, "the database could not be checked"),
    }
}

async fn forget_old(app: App) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(600)) => app.limits.forget_old(),
            () = app.stopping.cancelled() => return,
        }
    }
}

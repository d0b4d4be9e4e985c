//! Connections: how many, from where, and the change to TLS.

use super::body::UNIT;
use super::replies;
use super::senders::Senders;
use super::session::{Ended, Peer, Session};
use crate::app::App;
use crate::config::Blocked;
use crate::errors::{ApiError, ApiResult};
use crate::limits::Network;
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// Bytes of a stored message that are not its content: trace fields, framing, session key packets.
const OVERHEAD: u64 = 32 * 1024;
/// The window in which guesses are counted.
const HOUR: Duration = Duration::from_secs(3600);
/// How long a TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(30);

/// What all connections share.
pub(super) struct Shared {
    pub(super) app: App,
    pub(super) hostname: String,
    pub(super) senders: Senders,
    pub(super) tls: Option<TlsAcceptor>,
    /// A permit for each [`UNIT`] that messages may hold.
    pub(super) memory: Arc<Semaphore>,
    /// The largest message, in bytes.
    pub(super) most: usize,
    /// How long a client may be silent.
    pub(super) patience: Duration,
    connections: Mutex<HashMap<Network, u32>>,
    /// Recipients that are not here: since when, and how many.
    guesses: Mutex<HashMap<Network, (Instant, u32)>>,
}

impl Shared {
    /// Notes that somebody asked for a mailbox that is not here.
    pub(super) fn guessed(&self, peer: IpAddr) {
        let mut guesses = self.guesses.lock().unwrap_or_else(PoisonError::into_inner);
        if guesses.len() > 10_000 {
            guesses.retain(|_, (since, _)| since.elapsed() < HOUR);
        }
        let (since, count) = guesses.entry(Network::from(peer)).or_insert((Instant::now(), 0));
        if since.elapsed() >= HOUR {
            (*since, *count) = (Instant::now(), 0);
        }
        *count = count.saturating_add(1);
    }

    /// Whether a network has asked for so many that it gets no more answers for now.
    pub(super) fn guesses_used_up(&self, peer: IpAddr) -> bool {
        let guesses = self.guesses.lock().unwrap_or_else(PoisonError::into_inner);
        self.is_limited(peer)
            && guesses.get(&Network::from(peer)).is_some_and(|(since, count)| {
                since.elapsed() < HOUR && *count >= self.app.config.limits.smtp_guesses_per_hour
            })
    }

    fn is_limited(&self, peer: IpAddr) -> bool {
        self.app.config.limits.loopback || !peer.to_canonical().is_loopback()
    }

    /// Whether the operator takes no mail from this sender.
    pub(super) fn blocks_sender(&self, address: &str) -> bool {
        let address = address.to_ascii_lowercase();
        let domain = address.rsplit_once('@').map(|(_, domain)| domain).unwrap_or_default();
        self.app.config.mail.blocked.iter().any(|blocked| match blocked {
            Blocked::Address(one) => *one == address,
            Blocked::Domain(one) => {
                domain == one || domain.strip_suffix(one.as_str()).is_some_and(|rest| rest.ends_with('.'))
            }
            Blocked::Network(..) => false,
        })
    }

    fn blocks_peer(&self, peer: IpAddr) -> bool {
        self.app.config.mail.blocked.iter().any(|blocked| match blocked {
            Blocked::Network(network, prefix) => within(peer.to_canonical(), *network, *prefix),
            _ => false,
        })
    }
}

fn within(address: IpAddr, network: IpAddr, prefix: u8) -> bool {
    let same = |a: u128, b: u128, bits: u32| {
        let keep = u32::from(prefix).min(bits);
        keep == 0 || (a ^ b) >> (bits - keep) == 0
    };
    match (address, network) {
        (IpAddr::V4(a), IpAddr::V4(b)) => same(u32::from(a).into(), u32::from(b).into(), 32),
        (IpAddr::V6(a), IpAddr::V6(b)) => same(a.into(), b.into(), 128),
        _ => false,
    }
}

/// An open connection, counted until it is dropped.
struct Counted {
    shared: Arc<Shared>,
    network: Network,
}

impl Counted {
    /// Nothing if there are too many.
    fn new(shared: &Arc<Shared>, peer: IpAddr) -> Option<Self> {
        let limits = &shared.app.config.limits;
        let network = Network::from(peer);
        let mut connections = shared.connections.lock().unwrap_or_else(PoisonError::into_inner);
        let all: u32 = connections.values().sum();
        let own = connections.entry(network).or_default();
        let own_full = shared.is_limited(peer) && *own >= limits.smtp_connections_per_network;
        if all >= limits.smtp_connections || own_full {
            return None;
        }
        *own += 1;
        drop(connections);
        Some(Self { shared: shared.clone(), network })
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut connections = self.shared.connections.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = connections.get_mut(&self.network) {
            *open -= 1;
            if *open == 0 {
                connections.remove(&self.network);
            }
        }
    }
}

/// A listener that is bound, not yet taking connections.
pub(crate) struct Listening {
    listener: TcpListener,
    shared: Arc<Shared>,
}

impl Listening {
    /// Binds `mail.smtp_listen`; nothing if there is none.
    ///
    /// # Errors
    /// `unavailable` if the address is taken; `internal` for a certificate that cannot be used.
    pub(crate) async fn bind(app: &App) -> ApiResult<Option<Self>> {
        let config = &app.config;
        let Some(address) = config.mail.smtp_listen else { return Ok(None) };
        let listener = TcpListener::bind(address).await.map_err(|error| {
            ApiError::new(
                wire::error::ErrorCode::Unavailable,
                format!("cannot listen on {address}: {:?}", error.kind()),
            )
        })?;
        let limits = &config.limits;
        let room = usize::try_from(limits.smtp_memory_bytes).unwrap_or(usize::MAX);
        let largest =
            limits.message_bytes.min(seal::profile::MAX_CONTENT_BYTES as u64).saturating_sub(OVERHEAD);
        let shared = Shared {
            hostname: config.mail.hostname.clone(),
            senders: Senders::new(&config.mail)?,
            tls: Some(TlsAcceptor::from(crate::tls::for_mail(&config.mail)?)),
            memory: Arc::new(Semaphore::new((room / UNIT).clamp(1, Semaphore::MAX_PERMITS))),
            most: usize::try_from(largest).unwrap_or(usize::MAX),
            patience: Duration::from_secs(limits.smtp_silence_seconds),
            connections: Mutex::default(),
            guesses: Mutex::default(),
            app: app.clone(),
        };
        Ok(Some(Self { listener, shared: Arc::new(shared) }))
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> ApiResult<SocketAddr> {
        Ok(self.listener.local_addr()?)
    }

    /// Takes connections until the server stops.
    pub(crate) async fn run(self) {
        let stopping = self.shared.app.stopping.clone();
        loop {
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                () = stopping.cancelled() => return,
            };
            match accepted {
                Ok((stream, peer)) => {
                    tokio::spawn(serve(self.shared.clone(), stream, peer.ip().to_canonical()));
                }
                // Out of file descriptors, mostly: waiting helps, spinning does not.
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    }
}

async fn serve(shared: Arc<Shared>, mut stream: TcpStream, address: IpAddr) {
    let _ = stream.set_nodelay(true);
    let refusal = if shared.blocks_peer(address) { Some(replies::BLOCKED) } else { None };
    let counted = Counted::new(&shared, address);
    if let Some(reply) = refusal.or(counted.is_none().then_some(replies::TOO_MANY_CONNECTIONS)) {
        let last = format!("{reply}\r\n");
        let _ = tokio::time::timeout(Duration::from_secs(2), stream.write_all(last.as_bytes())).await;
        return;
    }
    let since = Instant::now();
    let mut session = Session::new(&shared, Peer { address, tls: None }, stream, since);
    session.greet();
    let Ended::Upgrade(stream) = session.talk().await else { return };
    let Some(acceptor) = &shared.tls else { return };
    let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await else { return };
    let peer = Peer { address, tls: Some(describe(&stream)) };
    // A new session knows nothing of what was said before TLS (RFC 3207 section 4.2).
    let session = Session::new(&shared, peer, stream, since);
    session.talk().await;
}

/// The TLS version and cipher suite, for the Received field.
fn describe(stream: &TlsStream<TcpStream>) -> String {
    let (_, connection) = stream.get_ref();
    let version = connection.protocol_version().and_then(|version| version.as_str()).unwrap_or("TLS");
    let suite = connection.negotiated_cipher_suite().and_then(|suite| suite.suite().as_str());
    format!("{} {}", version.replace("TLSv1_", "TLS 1."), suite.unwrap_or_default())
}

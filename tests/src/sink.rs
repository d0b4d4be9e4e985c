//! A receiving mail server of our own, that takes, puts off, refuses and breaks off as a test wants.

use anyhow::Result;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A mail that was taken.
#[derive(Debug, Clone)]
pub struct Taken {
    /// `MAIL FROM`, as it was said.
    pub from: String,
    /// `RCPT TO`, as it was said.
    pub to: Vec<String>,
    /// The message, with its dots unstuffed.
    pub message: String,
}

/// How it behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// It takes everything but `nobody@…`.
    Polite,
    /// It puts everything off.
    Busy,
    /// It takes the message and breaks off without an answer.
    Mute,
    /// It offers TLS and then speaks none.
    FalseTls,
    /// It offers TLS, and says more in clear before it begins.
    Injecting,
}

#[derive(Debug)]
struct State {
    manner: Manner,
    delay: Duration,
    taken: Vec<Taken>,
    /// Everything that clients said, message and all.
    heard: Vec<u8>,
}

/// The server; it stops when dropped.
#[derive(Debug)]
pub struct Sink {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    task: JoinHandle<()>,
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Sink {
    /// Listens on an address of this machine, on a free port (0) or a given one.
    ///
    /// # Errors
    /// The port is taken.
    pub async fn listen(address: &str, port: u16) -> Result<Self> {
        let listener = TcpListener::bind((address, port)).await?;
        let address = listener.local_addr()?;
        let state =
            State { manner: Manner::Polite, delay: Duration::ZERO, taken: Vec::new(), heard: Vec::new() };
        let state = Arc::new(Mutex::new(state));
        let shared = state.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = shared.clone();
                tokio::spawn(async move {
                    let _ = talk(stream, &shared).await;
                });
            }
        });
        Ok(Self { address, state, task })
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// From now on it behaves so.
    pub fn behave(&self, manner: Manner) {
        self.with(|state| state.manner = manner);
    }

    /// From now on it waits so long before it answers to a message.
    pub fn dawdle(&self, delay: Duration) {
        self.with(|state| state.delay = delay);
    }

    /// What it has taken.
    pub fn taken(&self) -> Vec<Taken> {
        self.with(|state| state.taken.clone())
    }

    /// Everything it was told so far.
    pub fn heard(&self) -> Vec<u8> {
        self.with(|state| state.heard.clone())
    }
}

fn path(line: &str) -> String {
    line.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map_or("", |(path, _)| path).to_owned()
}

async fn talk(stream: TcpStream, state: &Mutex<State>) -> Result<()> {
    let look = || {
        let state = state.lock().unwrap_or_else(PoisonError::into_inner);
        (state.manner, state.delay)
    };
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 sink.example\r\n").await?;
    let (mut from, mut to) = (String::new(), Vec::new());
    loop {
        let mut line = Vec::new();
        if stream.read_until(b'\n', &mut line).await? == 0 {
            return Ok(());
        }
        state.lock().unwrap_or_else(PoisonError::into_inner).heard.extend_from_slice(&line);
        let line = String::from_utf8_lossy(&line).trim_end().to_owned();
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        let (manner, delay) = look();
        let reply = match verb.as_str() {
            "EHLO" if matches!(manner, Manner::FalseTls | Manner::Injecting) => {
                "250-sink.example\r\n250-STARTTLS\r\n250 SIZE 50000000".to_owned()
            }
            "EHLO" => {
                "250-sink.example\r\n250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n250 SIZE 50000000".to_owned()
            }
            "STARTTLS" if manner == Manner::Injecting => {
                "220 go on\r\n250-sink.example\r\n250 SIZE 50000000".to_owned()
            }
            "STARTTLS" => "220 go on\r\nthis is no handshake".to_owned(),
            "MAIL" if manner == Manner::Busy => "451 4.3.2 Later".to_owned(),
            "MAIL" => {
                (from, to) = (path(&line), Vec::new());
                "250 2.1.0 Yes".to_owned()
            }
            "RCPT" if path(&line).starts_with("nobody") => {
                "550-5.1.1 Nobody of that name\r\n550 5.1.1 lives \u{1b}[31mhere".to_owned()
            }
            "RCPT" => {
                to.push(path(&line));
                "250 2.1.5 Yes".to_owned()
            }
            "DATA" => {
                stream.write_all(b"354 Go on\r\n").await?;
                let mut message = Vec::new();
                loop {
                    let start = message.len();
                    if stream.read_until(b'\n', &mut message).await? == 0 {
                        return Ok(());
                    }
                    if message.get(start..) == Some(b".\r\n") {
                        message.truncate(start);
                        break;
                    }
                    if message.get(start) == Some(&b'.') {
                        message.remove(start);
                    }
                }
                tokio::time::sleep(delay).await;
                let message = String::from_utf8_lossy(&message).into_owned();
                {
                    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
                    state.heard.extend_from_slice(message.as_bytes());
                    state.taken.push(Taken { from: from.clone(), to: std::mem::take(&mut to), message });
                }
                if manner == Manner::Mute {
                    return Ok(());
                }
                "250 2.0.0 Mine".to_owned()
            }
            "QUIT" => "221 2.0.0 Bye".to_owned(),
            _ => "502 5.5.1 No".to_owned(),
        };
        stream.write_all(format!("{reply}\r\n").as_bytes()).await?;
    }
}

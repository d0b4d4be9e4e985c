//! The network between a person and the server, in the hands of whoever runs the server: it records
//! every exchange and may change every answer.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// One request and what the person was answered.
#[derive(Clone)]
pub struct Exchange {
    /// GET, POST, …
    pub method: String,
    /// Path and query, without the API's prefix.
    pub path: String,
    /// The body sent.
    pub sent: Vec<u8>,
    /// The status answered.
    pub status: u16,
    /// The body answered, after tampering.
    pub answered: Vec<u8>,
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} ({} → {}, {})",
            self.method,
            self.path,
            self.sent.len(),
            self.status,
            self.answered.len()
        )
    }
}

impl Exchange {
    /// The answer as JSON, changed by `edit`.
    pub fn edit(&mut self, edit: impl FnOnce(&mut serde_json::Value)) {
        if let Ok(mut value) = serde_json::from_slice(&self.answered) {
            edit(&mut value);
            self.answered = value.to_string().into_bytes();
        }
    }

    /// Whether this is an answer to that request.
    pub fn is(&self, method: &str, path: &str) -> bool {
        self.method == method && self.path.split('?').next() == Some(path) && self.status < 300
    }
}

type Lie = Box<dyn FnMut(&mut Exchange) + Send>;

#[derive(Default)]
struct Inner {
    lie: Option<Lie>,
    record: Vec<Exchange>,
}

/// Shared by the test and the people it tampers with.
#[derive(Clone, Default)]
pub struct Evil(Arc<Mutex<Inner>>);

impl fmt::Debug for Evil {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Evil({} exchanges)", self.inner().record.len())
    }
}

impl Evil {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on, lie like this.
    pub fn lie(&self, lie: impl FnMut(&mut Exchange) + Send + 'static) {
        self.inner().lie = Some(Box::new(lie));
    }

    /// From now on, tell the truth.
    pub fn repent(&self) {
        self.inner().lie = None;
    }

    /// Called for every answer.
    pub fn pass(&self, mut exchange: Exchange) -> Exchange {
        let mut inner = self.inner();
        if let Some(lie) = inner.lie.as_mut() {
            lie(&mut exchange);
        }
        inner.record.push(exchange.clone());
        exchange
    }

    /// Everything that passed so far.
    pub fn record(&self) -> Vec<Exchange> {
        self.inner().record.clone()
    }

    /// A mark, to ask later what was requested [`since`](Evil::since) it.
    pub fn mark(&self) -> usize {
        self.inner().record.len()
    }

    /// The requests since a mark, as `METHOD /path`.
    pub fn since(&self, mark: usize) -> Vec<String> {
        let record = self.record();
        record.iter().skip(mark).map(|exchange| format!("{} {}", exchange.method, exchange.path)).collect()
    }
}

//! The only HTTP client. One function for each route of `wire`.
//!
//! Replies are read with the browser's own JSON parser and `serde-wasm-bindgen`, so that the page carries
//! one decoder for the server and the worker alike.

use futures::channel::oneshot;
use gloo::net::http::{Method, RequestBuilder, Response};
use leptos::prelude::*;
use model::error::CoreError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use wire::accounts as acc;
use wire::error::{ErrorBody, ErrorCode};
use wire::ids::{BlobId, FolderId, MessageId, SessionId};
use wire::keys::DirectoryEntry;
use wire::mail::{
    ActionRequest, ActionResponse, DraftPut, FolderView, MessageView, SubmitRequest, SubmitResponse,
};
use wire::page::{Cursor, Page};
use wire::plaintext::Address;
use wire::vault::{Changes, Notice};

/// Why something did not happen. [`crate::i18n::faults`] has the words and the remedy.
#[derive(Debug, Clone, PartialEq)]
pub enum Fault {
    /// The server refused.
    Api(ErrorBody),
    /// The core refused.
    Core(CoreError),
    /// The server did not answer at all.
    Offline,
    /// Something answered, but not as a Hedgerow server does; the number is the HTTP status.
    Unexpected(u16),
    /// The crypto worker broke or could not be loaded.
    Worker,
}

impl Fault {
    /// The server's code, if it was the server that refused.
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Api(body) => Some(body.code),
            _ => None,
        }
    }

    /// The core's code, if it was the core that refused.
    pub fn core(&self) -> Option<model::error::CoreErrorCode> {
        match self {
            Self::Core(error) => Some(error.code),
            _ => None,
        }
    }

    /// Whether the same request may succeed later without any change.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Offline)
            || matches!(self.code(), Some(ErrorCode::Unavailable | ErrorCode::Internal | ErrorCode::TooMany))
    }
}

impl From<CoreError> for Fault {
    fn from(error: CoreError) -> Self {
        Self::Core(error)
    }
}

thread_local! {
    static REACHABLE: ArcRwSignal<bool> = ArcRwSignal::new(true);
    static SESSION_ENDED: ArcRwSignal<u32> = ArcRwSignal::new(0);
}

/// Whether the server answered the last time it was asked. Reactive.
pub fn reachable() -> ArcRwSignal<bool> {
    REACHABLE.with(Clone::clone)
}

/// Counts replies that said the session has ended. Reactive.
pub fn session_ended() -> ArcRwSignal<u32> {
    SESSION_ENDED.with(Clone::clone)
}

fn set_reachable(now: bool) {
    let signal = reachable();
    if signal.get_untracked() != now {
        signal.set(now);
    }
}

/// A value for the worker or a request body: structs as plain objects, bytes as `Uint8Array`.
pub(crate) fn to_js<T: Serialize + ?Sized>(value: &T) -> Result<JsValue, Fault> {
    value
        .serialize(&serde_wasm_bindgen::Serializer::new().serialize_maps_as_objects(true))
        .map_err(|_| Fault::Unexpected(0))
}

enum Payload {
    None,
    Json(JsValue),
    Bytes(js_sys::Uint8Array),
}

async fn exchange(method: Method, path: &str, payload: Payload) -> Result<Response, Fault> {
    let request = RequestBuilder::new(&format!("{}{path}", wire::API))
        .method(method)
        .cache(web_sys::RequestCache::NoStore)
        .header(wire::GUARD_HEADER, "1");
    let request = match payload {
        Payload::None => request.build(),
        Payload::Json(value) => {
            let text = js_sys::JSON::stringify(&value).map_err(|_| Fault::Unexpected(0))?;
            request.header("content-type", "application/json").body(JsValue::from(text))
        }
        Payload::Bytes(bytes) => {
            request.header("content-type", "application/octet-stream").body(JsValue::from(bytes))
        }
    }
    .map_err(|_| Fault::Unexpected(0))?;
    let Ok(response) = request.send().await else {
        set_reachable(false);
        return Err(Fault::Offline);
    };
    set_reachable(true);
    if response.ok() {
        return Ok(response);
    }
    let status = response.status();
    let body = json::<ErrorBody>(response).await.map_err(|_| Fault::Unexpected(status))?;
    if body.code == ErrorCode::NotSignedIn {
        session_ended().update(|count| *count += 1);
    }
    Err(Fault::Api(body))
}

async fn json<T: DeserializeOwned>(response: Response) -> Result<T, Fault> {
    let status = response.status();
    let raw: web_sys::Response = response.into();
    let promise = raw.json().map_err(|_| Fault::Unexpected(status))?;
    let value = wasm_bindgen_futures::JsFuture::from(promise).await.map_err(|_| Fault::Unexpected(status))?;
    serde_wasm_bindgen::from_value(value).map_err(|_| Fault::Unexpected(status))
}

async fn get<T: DeserializeOwned>(path: &str) -> Result<T, Fault> {
    json(exchange(Method::GET, path, Payload::None).await?).await
}

async fn send<B: Serialize, T: DeserializeOwned>(method: Method, path: &str, body: &B) -> Result<T, Fault> {
    json(exchange(method, path, Payload::Json(to_js(body)?)).await?).await
}

async fn delete(path: &str) -> Result<(), Fault> {
    exchange(Method::DELETE, path, Payload::None).await.map(drop)
}

/// `GET /health`: whether the server answers; updates [`reachable`].
pub async fn probe() -> bool {
    !matches!(exchange(Method::GET, "/health", Payload::None).await, Err(Fault::Offline))
}

/// `GET /server`
pub async fn server() -> Result<acc::ServerInfo, Fault> {
    get("/server").await
}

/// `POST /accounts/start`
pub async fn register_start(
    request: &acc::RegisterStartRequest,
) -> Result<acc::RegisterStartResponse, Fault> {
    send(Method::POST, "/accounts/start", request).await
}

/// `POST /accounts`
pub async fn register(request: &acc::RegisterRequest) -> Result<acc::AccountView, Fault> {
    send(Method::POST, "/accounts", request).await
}

/// `POST /sessions/start`
pub async fn login_start(request: &acc::LoginStartRequest) -> Result<acc::LoginStartResponse, Fault> {
    send(Method::POST, "/sessions/start", request).await
}

/// `POST /sessions`
pub async fn login_finish(request: &acc::LoginFinishRequest) -> Result<acc::AccountView, Fault> {
    send(Method::POST, "/sessions", request).await
}

/// `GET /sessions`
pub async fn sessions() -> Result<Vec<acc::SessionView>, Fault> {
    get("/sessions").await
}

/// `PUT /sessions/current/label`
pub async fn label_session(label: &acc::SessionLabel) -> Result<(), Fault> {
    exchange(Method::PUT, "/sessions/current/label", Payload::Json(to_js(label)?)).await.map(drop)
}

/// `DELETE /sessions/current`
pub async fn end_session() -> Result<(), Fault> {
    delete("/sessions/current").await
}

/// `DELETE /sessions/others`
pub async fn end_other_sessions() -> Result<(), Fault> {
    delete("/sessions/others").await
}

/// `DELETE /sessions/{id}`
pub async fn end_session_of(id: SessionId) -> Result<(), Fault> {
    delete(&format!("/sessions/{id}")).await
}

/// `GET /account`
pub async fn account() -> Result<acc::AccountView, Fault> {
    get("/account").await
}

/// `POST /account/state`
pub async fn change_state(change: &acc::StateChange) -> Result<acc::StateAccepted, Fault> {
    send(Method::POST, "/account/state", change).await
}

/// `POST /account/passphrase/start`
pub async fn passphrase_start(
    request: &acc::PassphraseStartRequest,
) -> Result<acc::PassphraseStartResponse, Fault> {
    send(Method::POST, "/account/passphrase/start", request).await
}

/// `POST /account/passphrase`
pub async fn passphrase_finish(request: &acc::PassphraseFinishRequest) -> Result<acc::StateAccepted, Fault> {
    send(Method::POST, "/account/passphrase", request).await
}

/// `POST /account/recovery`
pub async fn phrase_finish(request: &acc::PhraseFinishRequest) -> Result<acc::StateAccepted, Fault> {
    send(Method::POST, "/account/recovery", request).await
}

/// `POST /recovery/start`
pub async fn recovery_start(
    request: &acc::RecoveryStartRequest,
) -> Result<acc::RecoveryStartResponse, Fault> {
    send(Method::POST, "/recovery/start", request).await
}

/// `POST /recovery/open`
pub async fn recovery_open(request: &acc::RecoveryOpenRequest) -> Result<acc::RecoveryOpenResponse, Fault> {
    send(Method::POST, "/recovery/open", request).await
}

/// `POST /recovery`
pub async fn recovery_finish(request: &acc::RecoveryFinishRequest) -> Result<acc::AccountView, Fault> {
    send(Method::POST, "/recovery", request).await
}

/// `GET /directory/{address}`
pub async fn directory(address: &Address) -> Result<DirectoryEntry, Fault> {
    get(&format!("/directory/{}", path_segment(address.as_str()))).await
}

/// `GET /mail/folders`
pub async fn folders() -> Result<Vec<FolderView>, Fault> {
    get("/mail/folders").await
}

/// `GET /mail/folders/{id}/messages`
pub async fn messages(
    folder: FolderId,
    before: Option<&Cursor>,
    limit: u32,
) -> Result<Page<MessageView>, Fault> {
    let before = before.map(|cursor| format!("&before={}", path_segment(&cursor.0))).unwrap_or_default();
    get(&format!("/mail/folders/{folder}/messages?limit={limit}{before}")).await
}

/// `GET /mail/messages/{id}`
pub async fn message(id: MessageId) -> Result<MessageView, Fault> {
    get(&format!("/mail/messages/{id}")).await
}

/// `POST /mail/submissions`
pub async fn submit(request: &SubmitRequest) -> Result<SubmitResponse, Fault> {
    send(Method::POST, "/mail/submissions", request).await
}

/// `PUT /mail/drafts/{id}`
pub async fn put_draft(id: MessageId, draft: &DraftPut) -> Result<MessageView, Fault> {
    send(Method::PUT, &format!("/mail/drafts/{id}"), draft).await
}

/// `POST /mail/actions`
pub async fn act(request: &ActionRequest) -> Result<ActionResponse, Fault> {
    send(Method::POST, "/mail/actions", request).await
}

/// `PUT /vault/blobs/{id}`: durable when it returns.
pub async fn put_blob(id: BlobId, bytes: &[u8]) -> Result<(), Fault> {
    let bytes = js_sys::Uint8Array::from(bytes);
    exchange(Method::PUT, &format!("/vault/blobs/{id}"), Payload::Bytes(bytes)).await.map(drop)
}

/// `GET /vault/blobs/{id}`
pub async fn get_blob(id: BlobId) -> Result<Vec<u8>, Fault> {
    let response = exchange(Method::GET, &format!("/vault/blobs/{id}"), Payload::None).await?;
    response.binary().await.map_err(|_| Fault::Offline)
}

/// `GET /vault/changes?since=SEQ`
pub async fn changes(since: u64) -> Result<Changes, Fault> {
    get(&format!("/vault/changes?since={since}")).await
}

/// Text as it may stand in a path segment or query value.
fn path_segment(text: &str) -> String {
    js_sys::encode_uri_component(text).into()
}

/// What [`events`] reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The stream is open, for the first time or again: ask for the changes missed.
    Open,
    /// Something changed.
    Change(Notice),
    /// The stream broke; it is opened again by itself.
    Lost,
}

/// The server's event stream. Closed when dropped.
pub struct Events(Rc<Stream>);

impl core::fmt::Debug for Events {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Events")
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.0.closed.set(true);
        self.0.shut();
    }
}

type Listener = Closure<dyn FnMut(web_sys::MessageEvent)>;

struct Stream {
    report: Box<dyn Fn(Event)>,
    closed: Cell<bool>,
    /// Milliseconds until the next attempt.
    pause: Cell<u32>,
    open: RefCell<Option<(web_sys::EventSource, [Listener; 4])>>,
}

impl Stream {
    fn shut(&self) {
        // The closures may be running: they are dropped in the next turn.
        if let Some((source, listeners)) = self.open.borrow_mut().take() {
            source.close();
            source.set_onerror(None);
            source.set_onopen(None);
            wasm_bindgen_futures::spawn_local(async move {
                pause(0).await;
                drop(listeners);
            });
        }
    }

    fn connect(self: &Rc<Self>) {
        if self.closed.get() {
            return;
        }
        let Ok(source) = web_sys::EventSource::new(&format!("{}/vault/events", wire::API)) else { return };
        let stream = Rc::downgrade(self);
        let opened = Closure::new({
            let stream = stream.clone();
            move |_: web_sys::MessageEvent| {
                let Some(stream) = stream.upgrade() else { return };
                stream.pause.set(1_000);
                set_reachable(true);
                (stream.report)(Event::Open);
            }
        });
        let changed = Closure::new({
            let stream = stream.clone();
            move |event: web_sys::MessageEvent| {
                let Some(stream) = stream.upgrade() else { return };
                let notice = event
                    .data()
                    .as_string()
                    .and_then(|text| js_sys::JSON::parse(&text).ok())
                    .and_then(|value| serde_wasm_bindgen::from_value(value).ok());
                if let Some(notice) = notice {
                    (stream.report)(Event::Change(notice));
                }
            }
        });
        let ended = Closure::new({
            let stream = stream.clone();
            move |_: web_sys::MessageEvent| {
                // Coming back would only be refused.
                let Some(stream) = stream.upgrade() else { return };
                stream.closed.set(true);
                stream.shut();
                session_ended().update(|count| *count += 1);
            }
        });
        let failed = Closure::new(move |_: web_sys::MessageEvent| {
            let Some(stream) = stream.upgrade() else { return };
            // The browser would try again by itself, but not after a refusal: one way for both.
            stream.shut();
            (stream.report)(Event::Lost);
            let wait = stream.pause.get();
            stream.pause.set((wait * 2).min(30_000));
            wasm_bindgen_futures::spawn_local(async move {
                pause(wait).await;
                if !stream.closed.get() && probe().await {
                    stream.connect();
                } else if !stream.closed.get() {
                    stream.retry();
                }
            });
        });
        source.set_onopen(Some(opened.as_ref().unchecked_ref()));
        source.set_onerror(Some(failed.as_ref().unchecked_ref()));
        let _ = source.add_event_listener_with_callback("change", changed.as_ref().unchecked_ref());
        let _ = source.add_event_listener_with_callback("ended", ended.as_ref().unchecked_ref());
        *self.open.borrow_mut() = Some((source, [opened, changed, ended, failed]));
    }

    /// Waits until the server is back, then connects.
    fn retry(self: Rc<Self>) {
        wasm_bindgen_futures::spawn_local(async move {
            while !self.closed.get() {
                let wait = self.pause.get();
                self.pause.set((wait * 2).min(30_000));
                pause(wait).await;
                if reachable().get_untracked() || probe().await {
                    self.connect();
                    break;
                }
            }
        });
    }
}

/// `GET /vault/events`, opened again whenever it breaks, until the returned handle is dropped.
pub fn events(report: impl Fn(Event) + 'static) -> Events {
    let stream = Rc::new(Stream {
        report: Box::new(report),
        closed: Cell::new(false),
        pause: Cell::new(1_000),
        open: RefCell::new(None),
    });
    stream.connect();
    Events(stream)
}

/// Waits some milliseconds.
pub async fn pause(millis: u32) {
    let (done, waiting) = oneshot::channel();
    let timer = gloo::timers::callback::Timeout::new(millis, move || {
        let _ = done.send(());
    });
    let _ = waiting.await;
    drop(timer);
}

/// Milliseconds since 1970-01-01T00:00:00Z by the clock of this device.
pub fn now() -> wire::Millis {
    js_sys::Date::now() as wire::Millis
}

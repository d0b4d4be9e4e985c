//! The only door to the crypto worker.
//!
//! The worker is the one the npm package publishes; its URL stands in `<meta name="hedgerow-worker">`.
//! It loads while the person types. Commands given before it is ready wait here.

use crate::api::{Fault, to_js};
use futures::channel::oneshot;
use js_sys::Reflect;
use leptos::prelude::*;
use model::worker::{Command, Progress, Reply};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use wasm_bindgen::prelude::*;

/// How the worker is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VaultState {
    /// Not asked for yet.
    Resting,
    /// Loading.
    Loading,
    /// Takes commands.
    Ready,
    /// Its instance broke: every key is gone, the page should be loaded again.
    Broken,
}

/// A handle of the crypto worker, in the context of the whole app.
#[derive(Debug, Clone, Copy)]
pub struct Vault {
    inner: StoredValue<Rc<Inner>, LocalStorage>,
    state: RwSignal<VaultState>,
}

type OnProgress = Box<dyn Fn(Progress)>;
type Listener = Closure<dyn FnMut(web_sys::MessageEvent)>;

struct Pending {
    answer: oneshot::Sender<Result<Reply, Fault>>,
    progress: Option<OnProgress>,
}

#[derive(Default)]
struct Inner {
    worker: RefCell<Option<(web_sys::Worker, [Listener; 2])>>,
    next: Cell<u32>,
    pending: RefCell<BTreeMap<u32, Pending>>,
    /// Commands that came before the worker was ready.
    queue: RefCell<Vec<JsValue>>,
}

impl core::fmt::Debug for Inner {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Inner({} pending)", self.pending.borrow().len())
    }
}

impl Vault {
    /// The handle; the worker starts with [`Self::start`] or the first command.
    pub fn new() -> Self {
        Self {
            inner: StoredValue::new_local(Rc::new(Inner::default())),
            state: RwSignal::new(VaultState::Resting),
        }
    }

    /// The handle from the context.
    pub fn get() -> Self {
        expect_context()
    }

    /// How the worker is. Reactive.
    pub fn state(&self) -> VaultState {
        self.state.get()
    }

    /// Loads the worker, if that was not begun yet.
    pub fn start(&self) {
        let Some(inner) = self.inner.try_get_value() else { return };
        if inner.worker.borrow().is_some() {
            return;
        }
        self.state.set(VaultState::Loading);
        crate::chunk::prepare_rooms();
        let options = web_sys::WorkerOptions::new();
        options.set_type(web_sys::WorkerType::Module);
        let worker = crate::shell::meta("hedgerow-worker")
            .and_then(|url| web_sys::Worker::new_with_options(&url, &options).ok());
        let Some(worker) = worker else {
            self.broke(&inner);
            return;
        };
        let vault = *self;
        let heard = Closure::new({
            let inner = Rc::downgrade(&inner);
            move |event: web_sys::MessageEvent| {
                if let Some(inner) = inner.upgrade() {
                    vault.heard(&inner, &event.data());
                }
            }
        });
        let failed = Closure::new({
            let inner = Rc::downgrade(&inner);
            move |_: web_sys::MessageEvent| {
                if let Some(inner) = inner.upgrade() {
                    vault.broke(&inner);
                }
            }
        });
        worker.set_onmessage(Some(heard.as_ref().unchecked_ref()));
        worker.set_onerror(Some(failed.as_ref().unchecked_ref()));
        worker.set_onmessageerror(Some(failed.as_ref().unchecked_ref()));
        *inner.worker.borrow_mut() = Some((worker, [heard, failed]));
    }

    /// Sends a command and waits for its reply. A refusal of the core comes back as [`Fault::Core`].
    pub async fn call(&self, command: Command) -> Result<Reply, Fault> {
        self.ask(command, None).await
    }

    /// Like [`Self::call`], and tells how far a long command has come.
    pub async fn call_with_progress(
        &self,
        command: Command,
        progress: impl Fn(Progress) + 'static,
    ) -> Result<Reply, Fault> {
        self.ask(command, Some(Box::new(progress))).await
    }

    async fn ask(&self, command: Command, progress: Option<OnProgress>) -> Result<Reply, Fault> {
        self.start();
        let Some(inner) = self.inner.try_get_value() else { return Err(Fault::Worker) };
        if self.state.get_untracked() == VaultState::Broken {
            return Err(Fault::Worker);
        }
        let id = inner.next.get();
        inner.next.set(id.wrapping_add(1));
        let envelope = js_sys::Object::new();
        let set = |key: &str, value: JsValue| {
            Reflect::set(&envelope, &JsValue::from_str(key), &value).map_err(|_| Fault::Worker)
        };
        set("id", id.into())?;
        set("command", to_js(&command)?)?;
        drop(command);
        let (answer, answered) = oneshot::channel();
        inner.pending.borrow_mut().insert(id, Pending { answer, progress });
        if self.state.get_untracked() == VaultState::Ready {
            post(&inner, &envelope)?;
        } else {
            inner.queue.borrow_mut().push(envelope.into());
        }
        match answered.await {
            Ok(Ok(Reply::Error { error })) => Err(Fault::Core(error)),
            Ok(result) => result,
            Err(_) => Err(Fault::Worker),
        }
    }

    fn heard(&self, inner: &Rc<Inner>, data: &JsValue) {
        let part = |key: &str| Reflect::get(data, &JsValue::from_str(key)).unwrap_or(JsValue::UNDEFINED);
        if part("ready").is_truthy() {
            // A worker that broke starts again, locked; the page says so until it is loaded again.
            if self.state.get_untracked() == VaultState::Broken {
                return;
            }
            self.state.set(VaultState::Ready);
            for envelope in inner.queue.take() {
                if post(inner, &envelope).is_err() {
                    self.broke(inner);
                    return;
                }
            }
            return;
        }
        if !part("fatal").is_undefined() {
            self.broke(inner);
            return;
        }
        let Some(id) = part("id").as_f64().map(|id| id as u32) else { return };
        let progress = part("progress");
        if !progress.is_undefined() {
            let pending = inner.pending.borrow();
            if let (Some(report), Ok(progress)) = (
                pending.get(&id).and_then(|one| one.progress.as_ref()),
                serde_wasm_bindgen::from_value(progress),
            ) {
                report(progress);
            }
            return;
        }
        let Some(pending) = inner.pending.borrow_mut().remove(&id) else { return };
        let reply = serde_wasm_bindgen::from_value(part("reply")).map_err(|_| Fault::Worker);
        let _ = pending.answer.send(reply);
    }

    /// The instance is gone and with it every key: whoever waits learns it, nothing is sent again.
    fn broke(&self, inner: &Rc<Inner>) {
        self.state.set(VaultState::Broken);
        inner.queue.borrow_mut().clear();
        for (_, pending) in inner.pending.take() {
            let _ = pending.answer.send(Err(Fault::Worker));
        }
    }
}

impl Default for Vault {
    fn default() -> Self {
        Self::new()
    }
}

fn post(inner: &Inner, envelope: &JsValue) -> Result<(), Fault> {
    match inner.worker.borrow().as_ref() {
        Some((worker, _)) => worker.post_message(envelope).map_err(|_| Fault::Worker),
        None => Err(Fault::Worker),
    }
}

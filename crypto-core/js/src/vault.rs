//! The session, for the worker.

use crate::convert::to_js;
use crypto_core::session::Session;
use js_sys::Function;
use model::error::{CoreError, CoreErrorCode};
use model::worker::{Command, Progress, Reply};
use rand::rngs::OsRng;
use wasm_bindgen::prelude::*;

/// A session of one person. Commands and replies are those of `model::worker`, as plain objects.
#[wasm_bindgen]
#[derive(Debug, Default)]
pub struct Vault {
    session: Session,
}

#[wasm_bindgen]
impl Vault {
    /// A locked session.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Does what `command` asks and gives the reply; never throws for a refusal. `progress` is called with
    /// the name of a long step before it begins.
    pub fn handle(&mut self, command: JsValue, progress: &Function) -> Result<JsValue, JsValue> {
        let reply = match serde_wasm_bindgen::from_value::<Command>(command) {
            Ok(command) => self.session.handle(command, &mut OsRng, &mut |step: Progress| {
                if let Ok(step) = to_js(&step) {
                    // Whoever listens may fail; the step goes on.
                    let _ = progress.call1(&JsValue::NULL, &step);
                }
            }),
            // The text of the error could quote the command: it is left out.
            Err(_) => Reply::Error { error: CoreError::with(CoreErrorCode::Malformed, "not a command") },
        };
        to_js(&reply).map_err(crate::convert::thrown)
    }
}

//! Between JavaScript values and Rust values.

use js_sys::{Error, Reflect};
use model::error::{CoreError, CoreErrorCode};
use seal::SealError;
use serde::Serialize;
use wasm_bindgen::JsValue;

/// Objects for maps, `Uint8Array` for bytes, numbers for integers.
pub(crate) fn to_js<T: Serialize + ?Sized>(value: &T) -> Result<JsValue, CoreError> {
    value
        .serialize(&serde_wasm_bindgen::Serializer::new().serialize_maps_as_objects(true))
        .map_err(|_| CoreErrorCode::Internal.into())
}

/// An `Error` whose `code` is the stable code.
pub(crate) fn thrown(error: CoreError) -> JsValue {
    let thrown = Error::new(&error.detail);
    if let Ok(code) = to_js(&error.code) {
        // A fresh, extensible object: setting cannot fail.
        let _ = Reflect::set(&thrown, &JsValue::from_str("code"), &code);
    }
    thrown.into()
}

pub(crate) fn refused(error: SealError) -> JsValue {
    thrown(CoreError::with(CoreErrorCode::UnusableCertificate, error.to_string()))
}

/// A refusal of ours.
pub(crate) fn fault(code: CoreErrorCode, detail: &str) -> JsValue {
    thrown(CoreError::with(code, detail))
}

/// Times are numbers in JavaScript.
pub(crate) fn millis(time: f64) -> model::Millis {
    time as model::Millis
}

/// Why a message is not read.
pub(crate) fn unread(error: seal::reading::ReadError) -> JsValue {
    use seal::reading::ReadError as E;
    let code = match error {
        E::Malformed(_) | E::Unsupported(_) => CoreErrorCode::Malformed,
        E::NoIntegrity(_) => CoreErrorCode::NoIntegrity,
        E::Tampered => CoreErrorCode::Tampered,
        E::NoKey => CoreErrorCode::NoKeyForMessage,
        E::TooLarge(_) => CoreErrorCode::TooLarge,
    };
    thrown(CoreError::with(code, error.to_string()))
}

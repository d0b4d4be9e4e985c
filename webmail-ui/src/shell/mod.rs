//! The frame every room stands in, and what the page keeps on this device.

mod frame;
mod page;
mod theme;

pub(crate) use frame::Frame;
pub(crate) use page::{Heading, NotFound, PublicPage, is_first};
pub(crate) use theme::{Density, Theme};

use leptos::prelude::*;
use wasm_bindgen::JsCast;

/// The content of a `<meta>` of index.html.
pub(crate) fn meta(name: &str) -> Option<String> {
    document()
        .query_selector(&format!("meta[name='{name}']"))
        .ok()??
        .get_attribute("content")
        .filter(|content| !content.is_empty())
}

fn storage() -> Option<web_sys::Storage> {
    window().local_storage().ok()?
}

/// What was remembered on this device. Nothing secret is kept there.
pub(crate) fn remembered(key: &str) -> Option<String> {
    storage()?.get_item(key).ok()?
}

/// Remembers something on this device; where storage is refused, only until the page closes.
pub(crate) fn remember(key: &str, value: &str) {
    if let Some(storage) = storage() {
        // Full or refused storage costs a convenience, nothing more.
        let _ = storage.set_item(key, value);
    }
}

/// Forgets it.
pub(crate) fn forget(key: &str) {
    if let Some(storage) = storage() {
        let _ = storage.remove_item(key);
    }
}

/// Loads the page again, and with it a new worker: every key is dropped.
pub(crate) fn reload() {
    // Refused only while the page is being left anyway.
    let _ = window().location().reload();
}

/// Leaves for another page of the site by loading it: nothing stays in memory.
pub(crate) fn go(path: &str) {
    let _ = window().location().replace(path);
}

/// Sets the title of the window: "Inbox · Hedgerow". Reactive.
pub(crate) fn set_title(title: impl Fn() -> String + 'static) {
    Effect::new(move || document().set_title(&format!("{} · Hedgerow", title())));
}

/// Moves the focus to an element by its id.
pub(crate) fn focus(id: &str) {
    if let Some(element) =
        document().get_element_by_id(id).and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok())
    {
        let _ = element.focus();
    }
}

/// Hands a file made on this device to the person.
pub(crate) fn save_file(name: &str, media_type: &str, bytes: &[u8]) -> Option<()> {
    let parts = js_sys::Array::of1(&js_sys::Uint8Array::from(bytes));
    let options = web_sys::BlobPropertyBag::new();
    options.set_type(media_type);
    let blob = web_sys::Blob::new_with_u8_array_sequence_and_options(&parts, &options).ok()?;
    let url = web_sys::Url::create_object_url_with_blob(&blob).ok()?;
    let link = document().create_element("a").ok()?.dyn_into::<web_sys::HtmlAnchorElement>().ok()?;
    link.set_href(&url);
    link.set_download(name);
    link.click();
    leptos::task::spawn_local(async move {
        // The browser reads the URL after the click returned.
        crate::api::pause(60_000).await;
        let _ = web_sys::Url::revoke_object_url(&url);
    });
    Some(())
}

//! The page: what the person sees. Keys and passphrases live in the crypto worker; this program holds
//! neither, and links no cryptography.
#![expect(unreachable_pub, reason = "`#[component]` writes public property structs")]

mod accounts;
mod api;
mod app;
mod chunk;
mod i18n;
mod mail;
mod shell;
mod ui;
mod vault;

fn main() {
    // A panic names a place in the sources, never content.
    console_error_panic_hook::set_once();
    // Not through leptos: its executor starts when the app is mounted.
    wasm_bindgen_futures::spawn_local(async {
        if i18n::load(i18n::preferred()).await {
            if let Some(boot) = leptos::prelude::document().get_element_by_id("boot") {
                boot.remove();
            }
            leptos::mount::mount_to_body(app::App);
        } else if let Some(boot) = leptos::prelude::document().get_element_by_id("boot") {
            boot.set_text_content(boot.get_attribute("data-failed").as_deref());
        }
    });
}

//! "Look through the envelope": the page shows what the server holds, byte for byte as it came in the HTTP
//! response.

use super::reading::Held;
use super::text::{hex, hex_lines};
use super::window::{rows_in_view, to_pixels};
use crate::i18n::{long_date, number, t, tr};
use crate::ui::Button;
use leptos::html;
use leptos::prelude::*;
use std::sync::Arc;
use wire::mail::{Arrival, Flag};
use wire::sealed::SealedMessage;

/// Height of a line of the dump in CSS pixels; the style sheet says the same.
const LINE: f64 = 20.0;
/// A dump of so many lines is drawn whole; a longer one only near the view.
const WHOLE: usize = 1_024;

/// Sealed bytes in the form they have in the server's JSON.
pub(crate) fn as_received(sealed: &SealedMessage) -> String {
    serde_json::to_string(sealed).map(|text| text.trim_matches('"').to_owned()).unwrap_or_default()
}

/// Flags in the words of the server.
pub(crate) fn flags(flags: &[Flag]) -> String {
    let words: Vec<&str> = flags
        .iter()
        .map(|flag| match flag {
            Flag::Seen => "seen",
            Flag::Answered => "answered",
            Flag::Flagged => "flagged",
            Flag::Forwarded => "forwarded",
        })
        .collect();
    if words.is_empty() { tr("mail.envelope.no_flags") } else { words.join(" ") }
}

/// What the server holds of a message.
#[component]
pub(crate) fn SealedView(held: Held) -> impl IntoView {
    let Held { view, blob } = held;
    let size = blob.len();
    let facts: Vec<(&'static str, String)> = vec![
        ("mail.envelope.id", view.id.to_string()),
        ("mail.envelope.folder", view.folder.to_string()),
        ("mail.envelope.blob", view.blob.to_string()),
        ("mail.envelope.size", number(view.size as f64)),
        ("mail.envelope.received", long_date(view.received_at)),
        ("mail.envelope.flags", flags(&view.flags)),
        (
            "mail.envelope.arrival",
            match view.arrival {
                Arrival::Sealed => "sealed".to_owned(),
                Arrival::SealedOnArrival => "sealed_on_arrival".to_owned(),
            },
        ),
    ];
    let name = format!("{}.pgp", view.blob);
    let save = blob.clone();
    let copy = blob.clone();
    let copied = RwSignal::new(false);
    view! {
        <div class="sealed">
            <p class="sealed-lead">{move || tr("mail.envelope.lead")}</p>
            <dl class="sealed-facts">
                {facts.into_iter().map(|(key, value)| view! {
                    <dt>{move || tr(key)}</dt>
                    <dd><code>{value}</code></dd>
                }).collect_view()}
                <dt>{move || tr("mail.envelope.summary")}</dt>
                <dd><code class="sealed-summary" tabindex="0">{as_received(&view.summary)}</code></dd>
            </dl>
            <div class="sealed-head">
                <h3>{move || t!("mail.envelope.bytes", count = size)}</h3>
                <Button icon="download" on_click=move || {
                    crate::shell::save_file(&name, "application/octet-stream", &save);
                }>{move || tr("mail.envelope.save")}</Button>
                <Button icon="copy" on_click=move || {
                    // Refused without a permission; the bytes can be saved then.
                    let _ = window().navigator().clipboard().write_text(&hex(&copy));
                    copied.set(true);
                }>
                    {move || tr(if copied.get() { "mail.envelope.copied" } else { "mail.envelope.copy" })}
                </Button>
            </div>
            <Dump bytes=blob/>
        </div>
    }
    .into_any()
}

#[component]
fn Dump(bytes: Arc<Vec<u8>>) -> impl IntoView {
    let lines = bytes.len().div_ceil(16);
    if lines <= WHOLE {
        let text = hex_lines(&bytes, 0, lines).join("\n");
        return view! {
            <pre class="dump" tabindex="0" role="group" aria-label=move || tr("mail.envelope.dump")>{text}</pre>
        }
        .into_any();
    }
    let node = NodeRef::<html::Div>::new();
    let scrolled = RwSignal::new(0.0f64);
    let part = Memo::new(move |_| rows_in_view(scrolled.get(), 640.0, LINE, lines));
    view! {
        <div
            node_ref=node
            class="dump dump-long"
            tabindex="0"
            role="group"
            aria-label=move || tr("mail.envelope.dump")
            on:scroll=move |_| {
                if let Some(element) = node.get_untracked() {
                    scrolled.set(f64::from(element.scroll_top()));
                }
            }
        >
            <div class="dump-inner" style:height=format!("{}px", to_pixels(lines, LINE))>
                <pre
                    class="dump-part"
                    style:transform=move || format!("translateY({}px)", to_pixels(part.get().start, LINE))
                >
                    {move || {
                        let part = part.get();
                        hex_lines(&bytes, part.start, part.len()).join("\n")
                    }}
                </pre>
            </div>
        </div>
    }
    .into_any()
}

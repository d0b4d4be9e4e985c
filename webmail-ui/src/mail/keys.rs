//! Single keys, as people know them from other mail programs. Off while typing, and they can be switched
//! off altogether (WCAG 2.1.4). `Alt` held down looks through the envelope.

use super::reading::Reading;
use super::room::{Question, Room};
use crate::shell;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

/// Where the choice is kept on this device; absent means on.
const SWITCH: &str = "hedgerow.keys";

/// Keys and the key of their words.
pub(crate) const SHEET: [(&[&str], &str); 15] = [
    (&["j", "↓"], "mail.keys.next"),
    (&["k", "↑"], "mail.keys.previous"),
    (&["Enter", "o"], "mail.keys.open"),
    (&["Esc"], "mail.keys.back"),
    (&["c"], "mail.new"),
    (&["r"], "mail.reply"),
    (&["a"], "mail.reply_all"),
    (&["f"], "mail.forward"),
    (&["e"], "mail.archive"),
    (&["#"], "mail.delete"),
    (&["u"], "mail.mark_unread"),
    (&["v"], "mail.move"),
    (&["x"], "mail.keys.pick"),
    (&["z"], "mail.undo"),
    (&["/"], "mail.search"),
];

/// Whether single keys act.
pub(crate) fn keys_are_on() -> bool {
    shell::remembered(SWITCH).as_deref() != Some("off")
}

/// Switch single keys on or off, on this device.
pub(crate) fn turn_keys(on: bool) {
    if on { shell::forget(SWITCH) } else { shell::remember(SWITCH, "off") }
}

/// Listen while the page of the room is there.
pub(crate) fn listen(room: Room) {
    // Set while Alt is down and nothing else was pressed with it.
    let held = StoredValue::new(false);
    let down = window_event_listener(leptos::ev::keydown, move |event| {
        if event.key() == "Alt" {
            if !event.repeat() && !room.through.get_untracked() {
                held.set_value(true);
                room.through.set(true);
            }
            return;
        }
        if held.get_value() {
            // Alt with a key is a command of the browser.
            held.set_value(false);
            room.through.set(false);
        }
        if event.default_prevented() || event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        if is_typing(&event) || in_dialog() {
            return;
        }
        if (event.key() == "Escape" || keys_are_on()) && act(room, &event.key()) {
            event.prevent_default();
        }
    });
    let release = move || {
        if held.get_value() {
            held.set_value(false);
            room.through.set(false);
        }
    };
    let up = window_event_listener(leptos::ev::keyup, move |event| {
        if event.key() == "Alt" && held.get_value() {
            // Otherwise some browsers open their menu.
            event.prevent_default();
            release();
        }
    });
    let blur = window_event_listener(leptos::ev::blur, move |_| release());
    on_cleanup(move || {
        down.remove();
        up.remove();
        blur.remove();
    });
}

/// Whether the key goes into a field.
fn is_typing(event: &web_sys::KeyboardEvent) -> bool {
    event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok()).is_some_and(|element| {
        element
            .closest("input, textarea, select, [contenteditable], [role=menu]")
            .is_ok_and(|found| found.is_some())
    })
}

/// Whether a dialog or composer has the keys.
fn in_dialog() -> bool {
    let open = document().query_selector("dialog[open]").is_ok_and(|found| found.is_some());
    let composing = document()
        .active_element()
        .is_some_and(|element| element.closest(".composer").is_ok_and(|found| found.is_some()));
    open || composing
}

/// Do what a key says; `false` if it says nothing.
fn act(room: Room, key: &str) -> bool {
    let reading = room.reading.get_untracked();
    let is_open = room.place.with_untracked(|place| place.message.is_some());
    match key {
        "j" | "k" => {
            room.step(key, 1, false);
            if is_open && let Some(id) = room.cursor.get_untracked() {
                room.open_row(id);
            }
        }
        "o" => {
            if let Some(id) = room.cursor.get_untracked() {
                room.open_row(id);
            }
        }
        "Escape" => {
            if room.picked.with_untracked(|picked| !picked.is_empty()) {
                room.picked.update(|picked| picked.clear());
            } else if is_open {
                room.back();
            } else {
                return false;
            }
        }
        "c" => room.compose_new(),
        "r" | "a" | "f" => match reading {
            Reading::Open(message, _) => match key {
                "r" => room.reply(&message, false),
                "a" => room.reply(&message, true),
                _ => room.forward(message),
            },
            _ => return false,
        },
        "e" => room.archive(&room.subjects()),
        "#" => room.delete(&room.subjects()),
        "u" => {
            room.mark_read(&room.subjects(), false);
            if is_open {
                room.back();
            }
        }
        "v" => room.ask_move(),
        "x" => {
            if let Some(id) = room.cursor.get_untracked() {
                room.pick(id);
            }
        }
        "z" => room.undo_last(),
        "/" => shell::focus("mail-search"),
        "?" => room.asking.set(Some(Question::Keys)),
        _ => return false,
    }
    true
}

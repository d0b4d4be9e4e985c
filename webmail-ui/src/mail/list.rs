//! The list of messages: only the rows near the view exist, moved to their places.

use super::folders::{folder_icon, folder_name};
use super::room::{Question, Room, Show};
use super::row::{Row, Slot};
use super::state::Next;
use super::window::{rows_in_view, scroll_to_show, scroll_to_stay, step, to_pixels};
use crate::i18n::{t, tr};
use crate::shell::{Density, Heading};
use crate::ui::{Button, EmptyState, FaultNote, Icon, IconButton};
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::prelude::*;
use wire::ids::MessageId;

/// Search, toolbar and rows.
#[component]
pub(crate) fn ListPane() -> impl IntoView {
    let room = Room::get();
    let title = move || folder_name(room.place.with(|place| place.folder));
    let several = move || room.picked.with(|picked| !picked.is_empty());
    view! {
        <section class="list-pane" aria-label=title>
            <header class="list-head">
                <div class="list-title">
                    <Heading title=title keep_focus=true/>
                    <span class="list-tools">
                    <IconButton
                        icon="keyboard"
                        label=move || tr("mail.keys.title")
                        shortcut="?"
                        on_click=move || room.asking.set(Some(Question::Keys))
                    />
                    <IconButton
                        icon="envelope-open"
                        label=move || tr("mail.envelope.look")
                        shortcut="Alt"
                        pressed=Signal::derive(move || Some(room.through.get()))
                        on_click=move || room.through.update(|through| *through = !*through)
                    />
                    </span>
                </div>
                <SearchBox/>
            </header>
            <Show when=several><ManyBar/></Show>
            {move || room.through.get().then(|| view! { <p class="list-note">{tr("mail.envelope.list_note")}</p> })}
            <FaultNote fault=room.trouble retry=move || room.load()/>
            <Rows/>
        </section>
    }
    .into_any()
}

#[component]
fn SearchBox() -> impl IntoView {
    let room = Room::get();
    let note = move || {
        let query = room.query.get();
        (!query.trim().is_empty()).then(|| {
            let found = room.rows.with(Vec::len);
            let complete = room
                .folder()
                .is_none_or(|folder| room.mailbox.with(|mailbox| mailbox.next_page(folder) == Next::End));
            let words = t!("mail.search.found", count = found);
            if complete { words } else { format!("{words} {}", tr("mail.search.loading")) }
        })
    };
    view! {
        <div class="search" role="search">
            <Icon name="search"/>
            <input
                id="mail-search"
                type="search"
                autocomplete="off"
                spellcheck="false"
                aria-label=move || tr("mail.search")
                placeholder=move || tr("mail.search")
                prop:value=move || room.query.get()
                on:input:target=move |event| room.query.set(event.target().value())
                on:keydown=move |event| {
                    if event.key() == "Escape" && !room.query.get_untracked().is_empty() {
                        event.prevent_default();
                        room.query.set(String::new());
                    }
                }
            />
        </div>
        <p class="search-note" role="status">{note}</p>
    }
    .into_any()
}

/// What can be done with the chosen rows.
#[component]
fn ManyBar() -> impl IntoView {
    let room = Room::get();
    let act = move |act: fn(Room, &[MessageId])| {
        let ids = room.subjects();
        act(room, &ids);
        room.picked.update(|picked| picked.clear());
    };
    view! {
        <div class="many" role="toolbar" aria-label=move || tr("mail.many")>
            <span class="many-count" role="status">
                {move || t!("mail.many.chosen", count = room.picked.with(|picked| picked.len()))}
            </span>
            <IconButton icon="archive" label=move || tr("mail.archive") shortcut="e"
                on_click=move || act(Room::archive)/>
            <IconButton icon="trash" label=move || tr("mail.delete") shortcut="#" on_click=move || act(Room::delete)/>
            <IconButton icon="mail" label=move || tr("mail.mark_unread") shortcut="u"
                on_click=move || act(|room, ids| room.mark_read(ids, false))/>
            <IconButton icon="folder" label=move || tr("mail.move") shortcut="v"
                on_click=move || room.ask_move()/>
            <IconButton icon="close" label=move || tr("mail.many.none") shortcut="Esc"
                on_click=move || room.picked.update(|picked| picked.clear())/>
        </div>
    }
    .into_any()
}

/// The height of a row for the density chosen, in CSS pixels; a finger needs the largest.
fn row_height() -> f64 {
    let coarse = window()
        .match_media("(pointer: coarse), (max-width: 719.9px)")
        .ok()
        .flatten()
        .is_some_and(|query| query.matches());
    match Density::remembered() {
        _ if coarse => 64.0,
        Density::Compact => 36.0,
        Density::Normal => 52.0,
        Density::Relaxed => 64.0,
    }
}

#[component]
fn Rows() -> impl IntoView {
    let room = Room::get();
    let node = NodeRef::<html::Div>::new();
    let row = RwSignal::new(row_height());
    let resized = window_event_listener(leptos::ev::resize, move |_| {
        let now = row_height();
        if row.get_untracked() != now {
            row.set(now);
        }
    });
    on_cleanup(move || resized.remove());
    let scrolled = RwSignal::new(0.0f64);
    let height = RwSignal::new(800.0f64);
    let count = Memo::new(move |_| room.row_count());
    let range = Memo::new(move |_| rows_in_view(scrolled.get(), height.get(), row.get(), count.get()));

    watch_height(node, height);
    Effect::new(move || {
        let range = range.get();
        room.in_view.set(range);
        room.open_rows();
    });

    // Another folder or search begins at its top.
    let of_what = Memo::new(move |_| (room.place.with(|place| place.folder), room.query.get()));
    // The first row in view, so that what the person looks at stays where it is.
    let anchor = StoredValue::new(None::<(MessageId, usize)>);
    let drop_anchor = move || {
        let first = (scrolled.get_untracked() / row.get_untracked()).floor() as usize;
        anchor.set_value(room.rows.with_untracked(|rows| rows.get(first).map(|id| (*id, first))));
    };
    Effect::new(move |before: Option<_>| {
        let now = of_what.get();
        room.rows.track();
        let Some(element) = node.get() else { return now };
        if before.is_some_and(|before| before != now) {
            element.set_scroll_top(0);
            scrolled.set(0.0);
        } else if let Some((id, was)) = anchor.get_value()
            && let Some(is) = room.rows.with_untracked(|rows| rows.iter().position(|row| *row == id))
            && let Some(top) = scroll_to_stay(scrolled.get_untracked(), row.get_untracked(), was, is)
        {
            element.set_scroll_top(top as i32);
            scrolled.set(top);
        }
        drop_anchor();
        now
    });

    // Somebody asks for a row.
    Effect::new(move || {
        let Some(Show { id, .. }) = room.show.get() else { return };
        let at = room.rows.with_untracked(|rows| rows.iter().position(|row| *row == id));
        if let (Some(element), Some(at)) = (node.get_untracked(), at)
            && let Some(top) =
                scroll_to_show(scrolled.get_untracked(), height.get_untracked(), row.get_untracked(), at)
        {
            element.set_scroll_top(top as i32);
            scrolled.set(top);
        }
    });

    // The row with the cursor exists even when scrolled away, so that the focus is never lost.
    let slots = Memo::new(move |_| {
        let range = range.get();
        let cursor = room.cursor.get();
        room.rows.with(|rows| {
            let mut slots: Vec<(usize, Slot)> = range
                .clone()
                .map(|at| (at, rows.get(at).map_or(Slot::Ahead(at), |id| Slot::Message(*id))))
                .collect();
            if let Some(cursor) = cursor
                && !slots.iter().any(|(_, slot)| *slot == Slot::Message(cursor))
                && let Some(at) = rows.iter().position(|id| *id == cursor)
            {
                let place = if at < range.start { 0 } else { slots.len() };
                slots.insert(place, (at, Slot::Message(cursor)));
            }
            slots
        })
    });
    let one = move |slot: Slot| {
        let at = Memo::new(move |_| {
            slots.with(|slots| slots.iter().find(|(_, other)| *other == slot).map(|(at, _)| *at))
        });
        view! { <Row item=slot at=at row_height=row/> }
    };
    let page = move || (height.get_untracked() / row.get_untracked()).floor() as usize;
    view! {
        <div
            node_ref=node
            class="rows"
            role="grid"
            aria-label=move || tr("mail.messages")
            aria-rowcount=move || count.get().to_string()
            aria-multiselectable="true"
            aria-busy=move || (room.mailbox.with(|mailbox| mailbox.folders().is_empty())).then_some("true")
            on:scroll=move |_| {
                if let Some(element) = node.get_untracked() {
                    scrolled.set(f64::from(element.scroll_top()));
                    drop_anchor();
                }
            }
            on:keydown=move |event| {
                if event.ctrl_key() || event.meta_key() || event.alt_key() {
                    return;
                }
                let key = event.key();
                match key.as_str() {
                    "Enter" => {
                        if let Some(id) = room.cursor.get_untracked() {
                            event.prevent_default();
                            room.open_row(id);
                        }
                    }
                    " " => {
                        if let Some(id) = room.cursor.get_untracked() {
                            event.prevent_default();
                            room.pick(id);
                        }
                    }
                    "ArrowDown" | "ArrowUp" | "Home" | "End" | "PageDown" | "PageUp" => {
                        event.prevent_default();
                        room.step(&key, page(), event.shift_key());
                    }
                    _ => {}
                }
            }
        >
            <div class="rows-inner" role="rowgroup" style:height=move || format!("{}px", to_pixels(count.get(), row.get()))
                class:is-compact=move || row.get() < 40.0>
                <For each=move || slots.get() key=|(_, slot)| *slot children=move |(_, slot)| one(slot)/>
            </div>
        </div>
        <Empty count=count/>
    }
    .into_any()
}

/// What stands where there are no rows.
#[component]
fn Empty(count: Memo<usize>) -> impl IntoView {
    let room = Room::get();
    let state = Memo::new(move |_| {
        let searching = room.query.with(|query| !query.trim().is_empty());
        let loaded = room
            .folder()
            .is_some_and(|folder| room.mailbox.with(|mailbox| mailbox.next_page(folder) != Next::Start));
        (count.get() == 0, searching, loaded, room.trouble.with(Option::is_some))
    });
    move || {
        let role = room.place.with(|place| place.folder);
        match state.get() {
            (true, true, ..) => view! {
                <EmptyState icon="search" title=move || tr("mail.search.none")
                    text=move || tr("mail.search.none_text")>
                    <Button on_click=move || room.query.set(String::new())>{move || tr("mail.search.clear")}</Button>
                </EmptyState>
            }
            .into_any(),
            (true, false, true, _) => {
                let key = role.as_str();
                view! {
                    <EmptyState icon=folder_icon(role) title=move || tr(&format!("mail.empty.{key}"))
                        text=move || tr(&format!("mail.empty.{key}.text"))/>
                }
                .into_any()
            }
            (true, false, false, false) => view! {
                <div class="skeleton" aria-hidden="true">
                    {(0..8).map(|_| view! { <div class="skeleton-row"></div> }).collect_view()}
                </div>
                <p class="visually-hidden" role="status">{move || tr("mail.loading")}</p>
            }
            .into_any(),
            _ => ().into_any(),
        }
    }
}

impl Room {
    /// Move the cursor as a key says, `page` rows for a page; with `pick` choose on the way.
    pub(crate) fn step(self, key: &str, page: usize, pick: bool) {
        let cursor = self.cursor.get_untracked();
        let next = self.rows.with_untracked(|rows| {
            let at = cursor.and_then(|cursor| rows.iter().position(|id| *id == cursor));
            step(key, at, rows.len(), page).and_then(|at| rows.get(at).copied())
        });
        let Some(next) = next else { return };
        if pick {
            self.pick_to(next);
        }
        self.cursor.set(Some(next));
        self.show.set(Some(Show { id: next, focus: true }));
    }
}

/// Keep the height of the element in a signal.
fn watch_height(node: NodeRef<html::Div>, height: RwSignal<f64>) {
    let watching = StoredValue::new_local(None::<(web_sys::ResizeObserver, Closure<dyn FnMut()>)>);
    Effect::new(move || {
        let Some(element) = node.get() else { return };
        let measured = element.clone();
        let changed = Closure::new(move || {
            let now = f64::from(measured.client_height());
            if now > 0.0 && height.try_get_untracked() != Some(now) {
                height.try_set(now);
            }
        });
        if let Ok(observer) = web_sys::ResizeObserver::new(changed.as_ref().unchecked_ref()) {
            observer.observe(&element);
            watching.set_value(Some((observer, changed)));
        }
    });
    on_cleanup(move || {
        if let Some(Some((observer, _))) = watching.try_update_value(Option::take) {
            observer.disconnect();
        }
    });
}

//! The questions of the room: destroy for good, move where, and the sheet of keys.

use super::folders::{folder_icon, folder_name};
use super::keys;
use super::room::{Question, Room};
use crate::i18n::{t, tr};
use crate::ui::{Button, Dialog, Icon, Kind};
use leptos::prelude::*;
use wire::mail::FolderRole;

/// All of them; one is open at a time.
#[component]
pub(crate) fn Dialogs() -> impl IntoView {
    let room = Room::get();
    let is = move |which: fn(&Question) -> bool| {
        let open = RwSignal::new(false);
        // The dialog closes itself by its signal; the question follows.
        Effect::new(move || open.set(room.asking.with(|asking| asking.as_ref().is_some_and(which))));
        Effect::new(move || {
            let closed = !open.get();
            if closed && room.asking.with_untracked(|asking| asking.as_ref().is_some_and(which)) {
                room.asking.set(None);
            }
        });
        open
    };
    let destroy = is(|question| matches!(question, Question::Destroy(_)));
    let move_to = is(|question| matches!(question, Question::MoveTo(_)));
    let sheet = is(|question| matches!(question, Question::Keys));
    view! {
        <Dialog open=destroy title=move || tr("mail.destroy.title")>
            <p>{move || t!("mail.destroy.text", count = count(room))}</p>
            <div class="dialog-actions">
                <Button on_click=move || room.asking.set(None)>{move || tr("mail.destroy.keep")}</Button>
                <Button kind=Kind::Danger on_click=move || {
                    let asked = room.asking.try_update(Option::take).flatten();
                    if let Some(Question::Destroy(ids)) = asked {
                        room.destroy(&ids);
                    }
                }>{move || tr("mail.destroy.do")}</Button>
            </div>
        </Dialog>
        <Dialog open=move_to title=move || t!("mail.move.title", count = count(room))>
            <ul class="choices">
                {FolderRole::ALL
                    .into_iter()
                    .filter(|role| !matches!(role, FolderRole::Drafts | FolderRole::Sent))
                    .map(|role| view! {
                        <li>
                            <button type="button" class="choice"
                                disabled=move || room.place.with(|place| place.folder == role)
                                on:click=move |_| {
                                    let asked = room.asking.try_update(Option::take).flatten();
                                    if let Some(Question::MoveTo(ids)) = asked {
                                        room.move_to(&ids, role);
                                    }
                                }
                            >
                                <Icon name=folder_icon(role)/>
                                <span>{move || folder_name(role)}</span>
                            </button>
                        </li>
                    })
                    .collect_view()}
            </ul>
        </Dialog>
        <Dialog open=sheet title=move || tr("mail.keys.title")>
            <KeySheet/>
        </Dialog>
    }
    .into_any()
}

fn count(room: Room) -> usize {
    room.asking.with(|asking| match asking {
        Some(Question::Destroy(ids) | Question::MoveTo(ids)) => ids.len(),
        _ => 0,
    })
}

#[component]
fn KeySheet() -> impl IntoView {
    let on = RwSignal::new(keys::keys_are_on());
    view! {
        <dl class="key-sheet">
            {keys::SHEET.iter().map(|(keys, words)| view! {
                <dt>{keys.iter().map(|key| view! { <kbd>{*key}</kbd> }).collect_view()}</dt>
                <dd>{move || tr(words)}</dd>
            }).collect_view()}
        </dl>
        <label class="key-switch">
            <input type="checkbox" prop:checked=move || on.get()
                on:change:target=move |event| {
                    let now = event.target().checked();
                    keys::turn_keys(now);
                    on.set(now);
                }
            />
            <span>{move || tr("mail.keys.on")}</span>
        </label>
    }
    .into_any()
}

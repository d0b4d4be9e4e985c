//! The six folders.

use super::room::{Place, Room};
use crate::i18n::{number, t, tr};
use crate::ui::Icon;
use leptos::prelude::*;
use wire::mail::FolderRole;

/// The name of a folder. Reactive.
pub(crate) fn folder_name(role: FolderRole) -> String {
    tr(&format!("mail.folder.{}", role.as_str()))
}

/// Its symbol.
pub(crate) fn folder_icon(role: FolderRole) -> &'static str {
    match role {
        FolderRole::Inbox => "inbox",
        FolderRole::Sent => "sent",
        FolderRole::Drafts => "drafts",
        FolderRole::Archive => "archive",
        FolderRole::Junk => "junk",
        FolderRole::Trash => "trash",
    }
}

/// The navigation.
#[component]
pub(crate) fn Folders() -> impl IntoView {
    let room = Room::get();
    view! {
        <nav class="folders" aria-label=move || tr("mail.folders")>
            <ul>
                {FolderRole::ALL.into_iter().map(|role| view! { <li>{folder(room, role)}</li> }).collect_view()}
            </ul>
        </nav>
    }
    .into_any()
}

fn folder(room: Room, role: FolderRole) -> impl IntoView {
    // Drafts are never unread: how many wait is what counts there.
    let count = Memo::new(move |_| {
        room.mailbox.with(|mailbox| {
            mailbox.folder(role).map_or(0, |folder| match role {
                FolderRole::Drafts => folder.total,
                FolderRole::Sent | FolderRole::Trash => 0,
                _ => folder.unread,
            })
        })
    });
    let here = move || room.place.with(|place| place.folder == role).then_some("page");
    let name = move || {
        let count = count.get();
        if count == 0 {
            folder_name(role)
        } else {
            let key = if role == FolderRole::Drafts {
                "mail.folder.with_drafts"
            } else {
                "mail.folder.with_unread"
            };
            t!(key, count = count, folder = folder_name(role))
        }
    };
    view! {
        <a class="folder" href=Place { folder: role, message: None }.path() aria-current=here aria-label=name>
            <Icon name=folder_icon(role)/>
            <span class="folder-name">{move || folder_name(role)}</span>
            " "
            {move || {
                let count = count.get();
                (count > 0).then(|| view! { <span class="folder-count">{number(count as f64)}</span> })
            }}
        </a>
    }
    .into_any()
}

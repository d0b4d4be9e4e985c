//! Files to send: read from the person's disk, weighed before anything is sealed.

use super::compose::{Attached, Composer, room_for_files, sealed_size};
use super::room::Room;
use crate::i18n::{Sentence, size, t};
use leptos::prelude::*;
use leptos::task::spawn_local;
use model::mail::AttachmentData;
use std::sync::Arc;
use wasm_bindgen_futures::JsFuture;

/// The sentence for a mail that the server would not take.
pub(crate) fn too_large(limit: u64) -> Sentence {
    Sentence::new(move || {
        t!("mail.attach.too_large", limit = size(limit), files = size(room_for_files(limit)))
    })
}

impl Room {
    /// Take files into a mail, as far as they fit.
    pub(crate) fn attach(self, composer: Composer, files: Vec<web_sys::File>) {
        if files.is_empty() {
            return;
        }
        composer.file_trouble.set(None);
        composer.reading.update(|reading| *reading += 1);
        spawn_local(async move {
            let limit = self.limit().await;
            for file in files {
                let bytes = file.size() as u64;
                let Some(already) =
                    composer.attachments.try_with_untracked(|_| untrack(|| composer.attached_bytes()))
                else {
                    return;
                };
                if let Some(limit) = limit.filter(|limit| sealed_size(already + bytes, 0) > *limit) {
                    let name = file.name();
                    composer.file_trouble.try_set(Some(Sentence::new(move || {
                        t!(
                            "mail.attach.file_too_large",
                            name = name,
                            size = size(bytes),
                            limit = size(limit),
                            files = size(room_for_files(limit))
                        )
                    })));
                    continue;
                }
                match read(&file).await {
                    Some(bytes) => {
                        let key = composer.next_file.try_update_value(|next| {
                            *next += 1;
                            *next
                        });
                        let media_type = match file.type_() {
                            empty if empty.is_empty() => "application/octet-stream".to_owned(),
                            known => known,
                        };
                        let data = Arc::new(AttachmentData { name: file.name(), media_type, bytes });
                        composer.attachments.try_update(|attached| {
                            attached.push(Attached { key: key.unwrap_or_default(), data });
                        });
                        composer.touch();
                    }
                    None => {
                        let name = file.name();
                        let words = Sentence::new(move || t!("mail.attach.unreadable", name = name));
                        composer.file_trouble.try_set(Some(words));
                    }
                }
            }
            composer.reading.try_update(|reading| *reading = reading.saturating_sub(1));
        });
    }
}

async fn read(file: &web_sys::File) -> Option<Vec<u8>> {
    let buffer = JsFuture::from(file.array_buffer()).await.ok()?;
    Some(js_sys::Uint8Array::new(&buffer).to_vec())
}

/// The files of a list.
pub(crate) fn files_of(list: Option<web_sys::FileList>) -> Vec<web_sys::File> {
    list.map(|list| (0..list.length()).filter_map(|at| list.get(at)).collect()).unwrap_or_default()
}

//! Dialogs on the native `<dialog>`: the browser holds focus inside, closes on Escape, and gives the
//! focus back.

use super::{IconButton, fresh_id};
use crate::i18n::tr;
use leptos::html;
use leptos::prelude::*;
use leptos::text_prop::TextProp;

/// A modal dialog. Its content exists only while it is open.
#[component]
pub(crate) fn Dialog(
    /// Whether it is open; it sets this to false when the person closes it.
    open: RwSignal<bool>,
    /// Its heading and name.
    #[prop(into)]
    title: TextProp,
    /// What stands in it.
    children: ChildrenFn,
) -> impl IntoView {
    let node = NodeRef::<html::Dialog>::new();
    let id = fresh_id("dialog");
    let heading = id.clone();
    Effect::new(move || {
        let Some(dialog) = node.get() else { return };
        let open = open.get();
        if open && !dialog.open() {
            // Fails only if the element is not in the document, and then there is nothing to show.
            let _ = dialog.show_modal();
        } else if !open && dialog.open() {
            dialog.close();
        }
    });
    view! {
        <dialog
            node_ref=node
            class="dialog"
            aria-labelledby=id
            on:close=move |_| open.set(false)
        >
            <Show when=move || open.get()>
                <header class="dialog-head">
                    <h2 id=heading.clone()>{
                        let title = title.clone();
                        move || title.get()
                    }</h2>
                    <IconButton icon="close" label=move || tr("ui.close") on_click=move || open.set(false)/>
                </header>
                <div class="dialog-body">{children()}</div>
            </Show>
        </dialog>
    }
    .into_any()
}

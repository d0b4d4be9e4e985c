//! Menus: a button that opens a list of commands (WAI-ARIA menu button).

use super::{Icon, fresh_id};
use leptos::html;
use leptos::prelude::*;
use leptos::text_prop::TextProp;
use wasm_bindgen::JsCast;

/// A command in a menu.
#[derive(Debug, Clone)]
pub(crate) struct MenuItem {
    /// Its words.
    pub(crate) label: TextProp,
    /// A symbol before them.
    pub(crate) icon: &'static str,
    /// What it does.
    pub(crate) act: Callback<()>,
}

impl MenuItem {
    /// A command.
    pub(crate) fn new(
        icon: &'static str,
        label: impl Into<TextProp>,
        act: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        Self { label: label.into(), icon, act: Callback::new(move |()| act()) }
    }
}

/// A button that opens a menu.
#[component]
pub(crate) fn Menu(
    /// The words of the button.
    #[prop(into)]
    label: TextProp,
    /// The symbol on the button.
    icon: &'static str,
    /// The commands.
    items: Vec<MenuItem>,
    /// Shows the symbol only; the words become name and tooltip.
    #[prop(optional)]
    compact: bool,
) -> impl IntoView {
    let open = RwSignal::new(false);
    let id = fresh_id("menu");
    let button = NodeRef::<html::Button>::new();
    let list = NodeRef::<html::Div>::new();
    let items = StoredValue::new(items);

    let step = move |by: Option<i32>| {
        let Some(list) = list.get_untracked() else { return };
        let Ok(nodes) = list.query_selector_all("[role=menuitem]") else { return };
        let count = nodes.length() as i32;
        let focused = document().active_element();
        let now = (0..count).find(|at| {
            focused.is_some() && nodes.get(*at as u32) == focused.clone().map(|element| element.into())
        });
        let next = match (by, now) {
            (Some(by), Some(now)) => (now + by).rem_euclid(count.max(1)),
            (Some(by), None) if by < 0 => count - 1,
            (Some(_), None) => 0,
            (None, _) => count - 1,
        };
        if let Some(item) =
            nodes.get(next as u32).and_then(|node| node.dyn_into::<web_sys::HtmlElement>().ok())
        {
            let _ = item.focus();
        }
    };
    let close = move |back: bool| {
        open.set(false);
        if back && let Some(button) = button.get_untracked() {
            let _ = button.focus();
        }
    };
    // The first command takes the focus when the menu appears.
    Effect::new(move || {
        if open.get() && list.get().is_some() {
            step(Some(1));
        }
    });
    let name = label.clone();
    let tooltip = label.clone();
    view! {
        <div
            class="menu"
            on:focusout=move |event| {
                let goes_to = event.related_target().and_then(|target| target.dyn_into::<web_sys::Node>().ok());
                let inside = event
                    .current_target()
                    .and_then(|menu| menu.dyn_into::<web_sys::Node>().ok())
                    .is_some_and(|menu| menu.contains(goes_to.as_ref()));
                // Without a target the window lost focus, or a click fell beside: both close.
                if !inside {
                    open.set(false);
                }
            }
        >
            <button
                type="button"
                node_ref=button
                class="button button-quiet menu-button"
                class:button-icon=compact
                aria-haspopup="menu"
                aria-expanded=move || if open.get() { "true" } else { "false" }
                aria-controls=id.clone()
                aria-label=compact.then_some(move || name.get())
                title=compact.then_some(move || tooltip.get())
                on:click=move |_| open.update(|open| *open = !*open)
                on:keydown=move |event| {
                    if !open.get_untracked() && matches!(event.key().as_str(), "ArrowDown" | "ArrowUp") {
                        event.prevent_default();
                        open.set(true);
                    }
                }
            >
                <Icon name=icon/>
                {(!compact).then(|| view! { <span class="button-words">{move || label.get()}</span> })}
            </button>
            <div class="menu-anchor" id=id>
                <Show when=move || open.get()>
                    <div
                        class="menu-list"
                        role="menu"
                        node_ref=list
                        on:keydown=move |event| {
                            match event.key().as_str() {
                                "ArrowDown" => step(Some(1)),
                                "ArrowUp" => step(Some(-1)),
                                "Home" => {
                                    let _ = button.get_untracked().map(|button| button.focus());
                                    step(Some(1));
                                }
                                "End" => step(None),
                                "Escape" => close(true),
                                "Tab" => {
                                    close(true);
                                    return;
                                }
                                _ => return,
                            }
                            event.prevent_default();
                            event.stop_propagation();
                        }
                    >
                        {items
                            .get_value()
                            .into_iter()
                            .map(|item| {
                                view! {
                                    <button
                                        type="button"
                                        role="menuitem"
                                        tabindex="-1"
                                        class="menu-item"
                                        on:click=move |_| {
                                            close(true);
                                            item.act.run(());
                                        }
                                    >
                                        <Icon name=item.icon/>
                                        <span>{move || item.label.get()}</span>
                                    </button>
                                }
                            })
                            .collect_view()}
                    </div>
                </Show>
            </div>
        </div>
    }
    .into_any()
}

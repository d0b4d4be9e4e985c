//! Everything in one place: one line for each room.

use crate::accounts::{self, Me};
use crate::chunk::Frame;
use crate::mail;
use crate::shell::NotFound;
use crate::ui::{ToastRegion, Toasts};
use crate::vault::Vault;
use leptos::children::ToChildren;
use leptos::prelude::*;
use leptos_router::components::{ParentRoute, ParentRouteProps, RouteChildren, Router, Routes, RoutesProps};
use leptos_router::path;

/// The whole page.
#[component]
pub(crate) fn App() -> impl IntoView {
    provide_context(Toasts::new());
    provide_context(Vault::new());
    provide_context(Me::new());
    view! {
        <Router>
            <Pages/>
        </Router>
        <ToastRegion/>
    }
}

#[component]
fn Pages() -> impl IntoView {
    let rooms = ParentRoute(
        ParentRouteProps::builder()
            .path(path!(""))
            .view(Frame)
            .children(RouteChildren::to_children(|| (accounts::settings_route(), mail::routes())))
            .build(),
    );
    Routes(
        RoutesProps::builder()
            .fallback(|| view! { <NotFound/> })
            .children(RouteChildren::to_children(move || {
                #[cfg(feature = "kit")]
                let rooms = (crate::ui::kit::route(), rooms);
                (accounts::routes(), rooms)
            }))
            .build(),
    )
}

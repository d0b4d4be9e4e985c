//! `/dev/kit`: every part in every state, for the eye, the screen reader and the screenshot. Development
//! builds only (feature `kit`); its texts are not translated.

use super::{
    Banner, Button, Checkbox, Dialog, EmptyState, FaultNote, Field, Icon, IconButton, Kind, Menu, MenuItem,
    PassphraseField, ProgressLine, Select, Spinner, TextArea, Toasts, Tone,
};
use crate::api::Fault;
use crate::shell::{Density, PublicPage, Theme};
use leptos::prelude::*;
use leptos_router::components::{Route, RouteProps};
use leptos_router::{MatchNestedRoutes, path};
use model::error::{CoreError, CoreErrorCode};

/// Its place.
pub(crate) fn route() -> impl MatchNestedRoutes + Clone + Send + 'static {
    Route(RouteProps::builder().path(path!("/dev/kit")).view(KitPage).build())
}

/// A group of parts with its name.
#[component]
fn Group(
    /// Its name.
    title: &'static str,
    /// The parts.
    children: Children,
) -> impl IntoView {
    view! {
        <section class="form">
            <h2>{title}</h2>
            {children()}
        </section>
    }
    .into_any()
}

/// The page.
#[component]
pub(crate) fn KitPage() -> impl IntoView {
    view! {
        <PublicPage title="Kit" lead="Every part in every state." wide=true>
            <Look/>
            <Buttons/>
            <Fields/>
            <Notes/>
            <Floating/>
        </PublicPage>
    }
    .into_any()
}

#[component]
fn Look() -> impl IntoView {
    let theme = RwSignal::new(Theme::remembered().as_str().to_owned());
    let density = RwSignal::new(Density::remembered().as_str().to_owned());
    let named = |names: &[&str]| {
        names.iter().map(|name| ((*name).to_owned(), (*name).to_owned())).collect::<Vec<_>>()
    };
    view! {
        <Group title="Look">
            <Select
                label="Colours"
                value=theme
                options=named(&["", "light", "dark"])
                on_change=move |name: String| {
                    Theme::parse(&name).apply();
                    theme.set(name);
                }
            />
            <Select
                label="Density"
                value=density
                options=named(&["compact", "normal", "relaxed"])
                on_change=move |name: String| {
                    Density::parse(&name).apply();
                    density.set(name);
                }
            />
        </Group>
    }
    .into_any()
}

#[component]
fn Buttons() -> impl IntoView {
    let pressed = RwSignal::new(false);
    view! {
        <Group title="Buttons">
            <div class="button-row">
                <Button kind=Kind::Primary>"Primary"</Button>
                <Button icon="copy">"Plain"</Button>
                <Button kind=Kind::Quiet>"Quiet"</Button>
                <Button kind=Kind::Danger>"Danger"</Button>
            </div>
            <div class="button-row">
                <Button kind=Kind::Primary busy=true>"Busy"</Button>
                <Button disabled=true>"Disabled"</Button>
                <IconButton icon="archive" label="Archive" shortcut="e" on_click=|| ()/>
                <IconButton
                    icon="flag"
                    label="Flag"
                    pressed=pressed
                    on_click=move || pressed.update(|down| *down = !*down)
                />
                <Icon name="hedgerow"/>
            </div>
        </Group>
    }
    .into_any()
}

#[component]
fn Fields() -> impl IntoView {
    let text = RwSignal::new(String::new());
    let wrong = RwSignal::new("a b".to_owned());
    let secret = RwSignal::new("correct horse battery".to_owned());
    let long = RwSignal::new(String::new());
    let ticked = RwSignal::new(true);
    view! {
        <Group title="Fields">
            <Field label="Address" value=text hint="A name will do." suffix=Some("@example.org".to_owned())/>
            <Field label="With an error" value=wrong error=Some("This is not an address.".to_owned())/>
            <PassphraseField label="Passphrase" value=secret/>
            <TextArea label="Signature" value=long/>
            <Checkbox label="End all other sessions" value=ticked/>
        </Group>
    }
    .into_any()
}

#[component]
fn Notes() -> impl IntoView {
    view! {
        <Group title="Notes">
            <Banner><p>"For knowing."</p></Banner>
            <Banner tone=Tone::Ok><p>"All went well."</p></Banner>
            <Banner tone=Tone::Warn><p>"Be careful."</p></Banner>
            <Banner tone=Tone::Danger><p>"Something is wrong."</p></Banner>
            <FaultNote fault=Some(Fault::Offline) retry=|| ()/>
            <Spinner label="Loading"/>
            <ProgressLine label="Making your keys"/>
            <ProgressLine label="Uploading" fraction=0.4/>
            <EmptyState icon="mail" title="Nothing here" text="New mail appears by itself.">
                <Button kind=Kind::Primary icon="pen">"New message"</Button>
            </EmptyState>
        </Group>
    }
    .into_any()
}

#[component]
fn Floating() -> impl IntoView {
    let open = RwSignal::new(false);
    let toasts = Toasts::get();
    let items = vec![
        MenuItem::new("settings", "Settings", || ()),
        MenuItem::new("lock", "Lock", || ()),
        MenuItem::new("sign-out", "Sign out", || ()),
    ];
    view! {
        <Group title="Floating">
            <div class="button-row">
                <Menu label="Menu" icon="more" items=items/>
                <Button on_click=move || open.set(true)>"Dialog"</Button>
                <Button on_click=move || toasts.say("Moved to Archive.")>"Toast"</Button>
                <Button on_click=move || toasts.offer("Moved to Trash.", "Undo", || ())>"Toast with a verb"</Button>
                <Button on_click=move || {
                    toasts.fault(&Fault::Core(CoreError::new(CoreErrorCode::Tampered)), None);
                }>"Fault"</Button>
            </div>
            <Dialog open=open title="A dialog">
                <p>"Escape closes it, and the focus goes back."</p>
            </Dialog>
        </Group>
    }
    .into_any()
}

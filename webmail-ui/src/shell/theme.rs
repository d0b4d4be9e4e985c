//! Light or dark, narrow or wide: kept on this device, set as attributes of the root element.

use leptos::prelude::*;

/// Which colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Theme {
    /// As the system does.
    #[default]
    System,
    /// Paper.
    Light,
    /// Ink.
    Dark,
}

impl Theme {
    const KEY: &'static str = "hedgerow.theme";

    /// The stable text form; empty for the system's.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::System => "",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// From its text form.
    pub(crate) fn parse(text: &str) -> Self {
        match text {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::System,
        }
    }

    /// As remembered on this device.
    pub(crate) fn remembered() -> Self {
        super::remembered(Self::KEY).map(|text| Self::parse(&text)).unwrap_or_default()
    }

    /// Shows and remembers it.
    pub(crate) fn apply(self) {
        set_attribute("data-theme", self.as_str());
        super::remember(Self::KEY, self.as_str());
    }
}

/// How much stands on the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Density {
    /// Rows of 36 px.
    Compact,
    /// Rows of 52 px.
    #[default]
    Normal,
    /// Rows of 64 px.
    Relaxed,
}

impl Density {
    const KEY: &'static str = "hedgerow.density";

    /// The stable text form.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Compact => "compact",
            Self::Normal => "normal",
            Self::Relaxed => "relaxed",
        }
    }

    /// From its text form.
    pub(crate) fn parse(text: &str) -> Self {
        match text {
            "compact" => Self::Compact,
            "relaxed" => Self::Relaxed,
            _ => Self::Normal,
        }
    }

    /// As remembered on this device.
    pub(crate) fn remembered() -> Self {
        super::remembered(Self::KEY).map(|text| Self::parse(&text)).unwrap_or_default()
    }

    /// Shows and remembers it.
    pub(crate) fn apply(self) {
        set_attribute("data-density", self.as_str());
        super::remember(Self::KEY, self.as_str());
    }
}

fn set_attribute(name: &str, value: &str) {
    if let Some(root) = document().document_element() {
        // Fails on malformed names only.
        let _ = if value.is_empty() { root.remove_attribute(name) } else { root.set_attribute(name, value) };
    }
}

//! How good a passphrase is, while it is typed. Judged in the worker; nothing leaves the device.

use crate::api;
use crate::i18n::tr;
use crate::vault::Vault;
use leptos::prelude::*;
use model::accounts::{Advice, Strength};
use model::worker::{Command, Confidential, Reply};

/// Typing pauses this long before the passphrase is judged.
const SETTLE_MS: u32 = 150;

fn advice_key(advice: Advice) -> &'static str {
    match advice {
        Advice::Longer => "accounts.advice.longer",
        Advice::FewerPatterns => "accounts.advice.fewer_patterns",
        Advice::NotCommon => "accounts.advice.not_common",
        Advice::AddWord => "accounts.advice.add_word",
        Advice::Fine => "accounts.advice.fine",
    }
}

fn score_key(score: u8) -> &'static str {
    match score {
        0 => "accounts.strength.0",
        1 => "accounts.strength.1",
        2 => "accounts.strength.2",
        3 => "accounts.strength.3",
        _ => "accounts.strength.4",
    }
}

/// Four bars, a word and one tip. The words are spoken when typing pauses.
#[component]
pub(crate) fn StrengthMeter(
    /// The passphrase judged.
    passphrase: RwSignal<String>,
) -> impl IntoView {
    let vault = Vault::get();
    let strength = RwSignal::new(None::<Strength>);
    let turn = StoredValue::new(0u32);
    Effect::new(move || {
        let text = passphrase.get();
        let mine = turn.get_value().wrapping_add(1);
        turn.set_value(mine);
        if text.is_empty() {
            strength.set(None);
            return;
        }
        leptos::task::spawn_local(async move {
            api::pause(SETTLE_MS).await;
            if turn.try_get_value() != Some(mine) {
                return;
            }
            let rate = Command::RatePassphrase { passphrase: Confidential(text) };
            if let Ok(Reply::Strength { strength: judged }) = vault.call(rate).await
                && turn.try_get_value() == Some(mine)
            {
                strength.try_set(Some(judged));
            }
        });
    });
    view! {
        <div class="strength" data-score=move || strength.get().map(|judged| judged.score.to_string())>
            <div class="strength-bars" aria-hidden="true">
                <span></span><span></span><span></span><span></span>
            </div>
            <p class="strength-words" aria-live="polite">
                {move || strength.get().map(|judged| {
                    view! {
                        <strong>{tr(score_key(judged.score))}</strong>
                        " "
                        {tr(advice_key(judged.advice))}
                    }
                })}
            </p>
        </div>
    }
    .into_any()
}

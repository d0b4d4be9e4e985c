//! Dates, sizes and numbers as people in the language shown write them.

use super::locale;
use js_sys::{Array, Date, Function, Intl, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wire::Millis;

fn options(pairs: &[(&str, &str)]) -> Object {
    let object = Object::new();
    for (key, value) in pairs {
        // Reflect fails on frozen objects only.
        let _ = Reflect::set(&object, &JsValue::from_str(key), &JsValue::from_str(value));
    }
    object
}

fn written(formatter: &JsValue, format: &Function, value: &JsValue) -> String {
    format.call1(formatter, value).ok().and_then(|text| text.as_string()).unwrap_or_default()
}

fn date(millis: Millis, pairs: &[(&str, &str)]) -> String {
    let formatter = Intl::DateTimeFormat::new(&locale(), &options(pairs));
    written(&formatter, &formatter.format(), &JsValue::from_f64(millis as f64))
}

/// For lists: the time today, the day this year, else the date.
pub fn short_date(millis: Millis) -> String {
    let then = Date::new(&JsValue::from_f64(millis as f64));
    let now = Date::new_0();
    if then.to_date_string() == now.to_date_string() {
        date(millis, &[("hour", "numeric"), ("minute", "2-digit")])
    } else if then.get_full_year() == now.get_full_year() {
        date(millis, &[("day", "numeric"), ("month", "short")])
    } else {
        date(millis, &[("day", "numeric"), ("month", "numeric"), ("year", "numeric")])
    }
}

/// Day and time in full, for the open message.
pub fn long_date(millis: Millis) -> String {
    date(millis, &[("dateStyle", "full"), ("timeStyle", "short")])
}

/// A day without its time.
pub fn day(millis: Millis) -> String {
    date(millis, &[("dateStyle", "long")])
}

/// A number with the separators of the language.
pub fn number(value: f64) -> String {
    let formatter = Intl::NumberFormat::new(&locale(), &Object::new());
    written(&formatter, &formatter.format(), &JsValue::from_f64(value))
}

/// A size in bytes, kilobytes or megabytes (powers of 1,000, as storage is sold and as systems show it).
pub fn size(bytes: u64) -> String {
    let (value, unit) = match bytes {
        0..1_000 => (bytes as f64, "byte"),
        1_000..1_000_000 => (bytes as f64 / 1e3, "kilobyte"),
        1_000_000..1_000_000_000 => (bytes as f64 / 1e6, "megabyte"),
        _ => (bytes as f64 / 1e9, "gigabyte"),
    };
    // The short form of a byte has no plural in English.
    let length = if unit == "byte" { "long" } else { "short" };
    let options = options(&[("style", "unit"), ("unit", unit), ("unitDisplay", length)]);
    let digits = JsValue::from(if value < 10.0 && unit != "byte" { 1 } else { 0 });
    let _ = Reflect::set(&options, &JsValue::from_str("maximumFractionDigits"), &digits);
    let formatter = Intl::NumberFormat::new(&locale(), &options);
    written(&formatter, &formatter.format(), &JsValue::from_f64(value))
}

/// "Ana, Ben and Carl".
pub fn list(items: &[String]) -> String {
    let names: Array = items.iter().map(|item| JsValue::from_str(item)).collect();
    let formatter = Intl::ListFormat::new(&locale(), &options(&[("type", "conjunction")]));
    let format = Reflect::get(&formatter, &JsValue::from_str("format")).ok();
    match format.and_then(|format| format.dyn_into::<Function>().ok()) {
        Some(format) => written(&formatter, &format, &names),
        None => items.join(", "),
    }
}

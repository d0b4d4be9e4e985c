//! The contrast of every pair of ink and surface in `www/styles/10-tokens.css`, light and dark.

use std::collections::BTreeMap;

/// Relative luminance (WCAG 2.2) of `oklch(L C H)`, by way of OKLab and linear sRGB (Ottosson 2020).
fn luminance(lightness: f64, chroma: f64, hue: f64) -> f64 {
    let (a, b) = (chroma * hue.to_radians().cos(), chroma * hue.to_radians().sin());
    let l = (lightness + 0.396_337_777_4 * a + 0.215_803_757_3 * b).powi(3);
    let m = (lightness - 0.105_561_345_8 * a - 0.063_854_172_8 * b).powi(3);
    let s = (lightness - 0.089_484_177_5 * a - 1.291_485_548_0 * b).powi(3);
    let red = 4.076_741_662_1 * l - 3.307_711_591_3 * m + 0.230_969_929_2 * s;
    let green = -1.268_438_004_6 * l + 2.609_757_401_1 * m - 0.341_319_396_5 * s;
    let blue = -0.004_196_086_3 * l - 0.703_418_614_7 * m + 1.707_614_701_0 * s;
    0.2126 * red.clamp(0.0, 1.0) + 0.7152 * green.clamp(0.0, 1.0) + 0.0722 * blue.clamp(0.0, 1.0)
}

/// Every token of the form `--name: light-dark(oklch(…), oklch(…))` with its two luminances.
fn tokens() -> BTreeMap<String, [f64; 2]> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../www/styles/10-tokens.css");
    let text = std::fs::read_to_string(path).unwrap();
    let mut found = BTreeMap::new();
    for line in text.lines() {
        let Some((name, value)) =
            line.trim().strip_prefix("--").and_then(|rest| rest.split_once(": light-dark("))
        else {
            continue;
        };
        let colours: Vec<f64> = value
            .split("oklch(")
            .skip(1)
            .map(|part| {
                let numbers: Vec<f64> =
                    part.split([' ', ')', ',']).filter_map(|number| number.parse().ok()).take(3).collect();
                luminance(numbers[0], numbers[1], numbers[2])
            })
            .collect();
        if let [light, dark] = colours[..] {
            found.insert(name.to_owned(), [light, dark]);
        }
    }
    found
}

fn ratio(one: f64, other: f64) -> f64 {
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[test]
fn every_pair_can_be_read() {
    let tokens = tokens();
    let mut pairs = Vec::new();
    for surface in ["surface-0", "surface-1", "surface-2", "surface-3"] {
        pairs.push(("ink-1", surface, 10.0));
        pairs.push(("ink-2", surface, 5.5));
        for ink in ["ink-3", "accent", "accent-strong", "danger", "ok", "info", "warn"] {
            pairs.push((ink, surface, 4.5));
        }
        // Borders of controls and the focus ring (WCAG 1.4.11).
        pairs.push(("line-strong", surface, 3.0));
        pairs.push(("focus", surface, 3.0));
    }
    for (ink, surface) in [
        ("accent-ink", "accent"),
        ("accent-ink", "accent-strong"),
        ("accent", "accent-bg"),
        ("accent-strong", "accent-bg"),
        ("ink-1", "accent-bg"),
        ("ink-2", "accent-bg"),
        ("ink-3", "accent-bg"),
        ("ok-ink", "ok-bg"),
        ("info-ink", "info-bg"),
        ("warn-ink", "warn-bg"),
        ("danger-ink", "danger-bg"),
        ("danger", "danger-bg"),
        ("ok", "ok-bg"),
        ("info", "info-bg"),
        ("warn", "warn-bg"),
    ] {
        pairs.push((ink, surface, 4.5));
    }
    let mut weak = Vec::new();
    for (ink, surface, least) in pairs {
        for (mode, at) in [("light", 0), ("dark", 1)] {
            let found = ratio(tokens[ink][at], tokens[surface][at]);
            if found < least {
                weak.push(format!("{ink} on {surface}, {mode}: {found:.2} < {least}"));
            }
        }
    }
    assert!(weak.is_empty(), "{weak:#?}");
}

#[test]
fn luminance_is_right_at_the_ends() {
    assert!((luminance(1.0, 0.0, 0.0) - 1.0).abs() < 1e-3);
    assert!(luminance(0.0, 0.0, 0.0) < 1e-6);
}

//! Arithmetic of the virtual list. Rows have one fixed height; only those near the view exist.

use std::ops::Range;

/// Rows kept beyond each edge of the view.
pub(crate) const OVERSCAN: usize = 6;

/// The rows that must exist: those in view and [`OVERSCAN`] on each side. Lengths in CSS pixels.
pub(crate) fn rows_in_view(scroll_top: f64, height: f64, row: f64, count: usize) -> Range<usize> {
    if count == 0 || row <= 0.0 {
        return 0..0;
    }
    let first = to_index(scroll_top / row).min(count);
    let end = to_index((scroll_top + height.max(0.0)) / row).saturating_add(1).min(count);
    first.saturating_sub(OVERSCAN)..end.saturating_add(OVERSCAN).min(count)
}

/// Where to scroll so that a row is wholly in view; `None` if it is.
pub(crate) fn scroll_to_show(scroll_top: f64, height: f64, row: f64, index: usize) -> Option<f64> {
    let top = to_pixels(index, row);
    if top < scroll_top {
        Some(top)
    } else if top + row > scroll_top + height {
        Some((top + row - height).max(0.0))
    } else {
        None
    }
}

/// Where to scroll when the first row in view moved from `was` to `is` because rows came or went above
/// it: what the person looks at stays where it is. At the very top new mail may push the list down.
pub(crate) fn scroll_to_stay(scroll_top: f64, row: f64, was: usize, is: usize) -> Option<f64> {
    if scroll_top < 1.0 || was == is {
        return None;
    }
    Some((scroll_top + to_pixels(is, row) - to_pixels(was, row)).max(0.0))
}

/// The offset of a row.
pub(crate) fn to_pixels(index: usize, row: f64) -> f64 {
    // Lists stay far below 2^32 rows, which an f64 holds exactly.
    u32::try_from(index).map_or(0.0, f64::from) * row
}

fn to_index(rows: f64) -> usize {
    // Saturating by definition of `as`; negative offsets (rubber-band scrolling) become 0.
    rows.floor() as usize
}

/// Which row a key press leads to: `None` if the key does not move.
pub(crate) fn step(key: &str, at: Option<usize>, count: usize, page: usize) -> Option<usize> {
    let last = count.checked_sub(1)?;
    let Some(at) = at else {
        return matches!(key, "j" | "k" | "ArrowDown" | "ArrowUp" | "Home" | "End" | "PageDown" | "PageUp")
            .then_some(if key == "End" { last } else { 0 });
    };
    Some(match key {
        "j" | "ArrowDown" => at.saturating_add(1).min(last),
        "k" | "ArrowUp" => at.saturating_sub(1),
        "Home" => 0,
        "End" => last,
        "PageDown" => at.saturating_add(page.max(1)).min(last),
        "PageUp" => at.saturating_sub(page.max(1)),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_holds_view_and_overscan() {
        assert_eq!(rows_in_view(0.0, 440.0, 44.0, 100_000), 0..17);
        assert_eq!(rows_in_view(44_000.0, 440.0, 44.0, 100_000), 994..1_017);
        assert_eq!(rows_in_view(4_399_560.0, 440.0, 44.0, 100_000), 99_984..100_000);
        assert_eq!(rows_in_view(-30.0, 440.0, 44.0, 3), 0..3);
        assert_eq!(rows_in_view(0.0, 440.0, 44.0, 0), 0..0);
        // Scrolled far beyond a list that became short.
        assert_eq!(rows_in_view(9_000.0, 440.0, 44.0, 5), 0..5);
    }

    #[test]
    fn showing_a_row_scrolls_no_more_than_needed() {
        assert_eq!(scroll_to_show(0.0, 440.0, 44.0, 3), None);
        assert_eq!(scroll_to_show(440.0, 440.0, 44.0, 3), Some(132.0));
        assert_eq!(scroll_to_show(0.0, 440.0, 44.0, 10), Some(44.0));
    }

    #[test]
    fn what_is_in_view_stays_when_mail_arrives_above() {
        assert_eq!(scroll_to_stay(880.0, 44.0, 20, 22), Some(968.0));
        assert_eq!(scroll_to_stay(0.0, 44.0, 0, 2), None);
        assert_eq!(scroll_to_stay(880.0, 44.0, 20, 20), None);
    }

    #[test]
    fn keys_move_within_the_list() {
        assert_eq!(step("j", Some(0), 3, 10), Some(1));
        assert_eq!(step("j", Some(2), 3, 10), Some(2));
        assert_eq!(step("k", Some(0), 3, 10), Some(0));
        assert_eq!(step("PageDown", Some(5), 100, 10), Some(15));
        assert_eq!(step("End", None, 3, 10), Some(2));
        assert_eq!(step("ArrowDown", None, 3, 10), Some(0));
        assert_eq!(step("q", Some(1), 3, 10), None);
        assert_eq!(step("j", None, 0, 10), None);
    }
}

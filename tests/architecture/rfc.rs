//! `server-api/rfc.tsv` names code and tests that are there.

use anyhow::{Context as _, Result, ensure};
use std::collections::BTreeSet;
use tests::sources::root;

/// RFC, section, what, code, test.
fn lines() -> Result<Vec<Vec<String>>> {
    let text = std::fs::read_to_string(root().join("server-api/rfc.tsv"))?;
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    Ok(lines.map(|line| line.split('\t').map(str::to_owned).collect()).collect())
}

#[test]
fn every_line_names_code_and_a_test_that_exist() -> Result<()> {
    let lines = lines()?;
    ensure!(lines.len() >= 10, "the table is empty");
    let mut seen = BTreeSet::new();
    for line in &lines {
        let [rfc, section, what, code, test] = line.as_slice() else {
            anyhow::bail!("not five columns: {line:?}")
        };
        ensure!(rfc.parse::<u16>().is_ok(), "no number of an RFC: {rfc}");
        ensure!(section.starts_with(|c: char| c.is_ascii_digit()), "no section: {line:?}");
        ensure!(!what.is_empty() && seen.insert((rfc, section, what)), "twice or empty: {line:?}");
        ensure!(root().join(code).is_file(), "{code} does not exist");
        let (file, name) = test.split_once("::").with_context(|| format!("no test: {test}"))?;
        let text = std::fs::read_to_string(root().join(file)).with_context(|| file.to_owned())?;
        let at = text.find(&format!("fn {name}(")).with_context(|| format!("{file} has no {name}"))?;
        let before = text.get(..at).unwrap_or_default();
        let attributes = before.rsplit("\n\n").next().unwrap_or_default();
        ensure!(attributes.contains("test"), "{name} is no test");
    }
    Ok(())
}

#[test]
fn the_table_is_in_order() -> Result<()> {
    let key = |line: &Vec<String>| -> Vec<u32> {
        let section = line.get(1).map(|text| text.split('.').map(|n| n.parse().unwrap_or(0)).collect());
        let rfc = line.first().and_then(|text| text.parse().ok()).unwrap_or(0);
        [vec![rfc], section.unwrap_or_default()].concat()
    };
    let lines = lines()?;
    ensure!(lines.is_sorted_by_key(key), "sort it by RFC and section");
    Ok(())
}

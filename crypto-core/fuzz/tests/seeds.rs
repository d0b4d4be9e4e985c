//! Every seed through its target, as libFuzzer would: what it ever found, and what it begins with.
#![expect(clippy::unwrap_used, reason = "tests fail loudly")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crypto_core_fuzz::{TARGETS, seeds};

fn folder(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(target)
}

fn files(target: &str) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(folder(target)).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    files
}

/// `UPDATE_SEEDS=1` writes the seeds that are made; those that were found stay.
#[test]
fn seeds_are_those_that_are_made_here() {
    let update = std::env::var_os("UPDATE_SEEDS").is_some();
    for seeds::Seed { target, name, bytes } in seeds::made() {
        let file = folder(target).join(name);
        if update {
            fs::create_dir_all(folder(target)).unwrap();
            fs::write(file, bytes).unwrap();
        } else {
            assert!(fs::read(&file).unwrap() == bytes, "{}: UPDATE_SEEDS=1 writes it", file.display());
        }
    }
}

#[test]
fn every_target_takes_its_seeds() {
    for (name, target) in TARGETS {
        let files = files(name);
        assert!(files.len() > 1, "{name} has no seeds");
        for file in files {
            // Shown if it fails.
            println!("{}", file.display());
            target(&fs::read(&file).unwrap());
        }
        for short in [&b""[..], &[0], &[0xFF], &[0x80; 40]] {
            target(short);
        }
    }
}

/// A seed may be wrong for its target, but every target must get past the door with one of them.
#[test]
fn seeds_cut_anywhere_do_no_harm() {
    for (name, target) in TARGETS {
        for file in files(name).iter().take(6) {
            let bytes = fs::read(file).unwrap();
            for cut in [bytes.len() / 3, bytes.len() / 2, bytes.len().saturating_sub(1)] {
                target(bytes.get(..cut).unwrap());
            }
        }
    }
}

#[test]
fn every_target_is_a_program_and_has_a_folder() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let stems = |folder: &str| -> BTreeSet<String> {
        let entries = fs::read_dir(root.join(folder)).unwrap();
        entries.map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned()).collect()
    };
    let names: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(stems("fuzz_targets"), names);
    assert_eq!(stems("seeds"), names);
    let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    for name in names {
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")), "{name} is no program");
    }
}

//! `armor` and `dearmor`.

use std::io::Write;

use seal::armor::{Armorer, Dearmorer, Kind};

use crate::arguments::{Armor, Label};
use crate::failure::{Code, Failure};
use crate::{inputs, outputs};

/// How much of the data is looked at to find its label.
const LOOKED_AT: usize = 1 << 20;

/// `sop armor`
pub(crate) fn armor(asked: &Armor) -> Result<(), Failure> {
    let mut out = outputs::stdout()?;
    let mut dearmorer = Dearmorer::new();
    let mut armorer: Option<Armorer> = None;
    let mut head = Vec::new();
    let mut text = Vec::new();
    let mut plain = Vec::new();
    let begin = |head: &[u8], came: Option<Kind>| -> Result<Armorer, Failure> {
        let kind = match (asked.label, came) {
            (Label::Auto, Some(kind)) if kind != Kind::Other => kind,
            (Label::Auto, _) => kind_of(head)?,
            (Label::Sig, _) => Kind::Signature,
            (Label::Key, _) => Kind::SecretKey,
            (Label::Cert, _) => Kind::Certificate,
            (Label::Message, _) => Kind::Message,
        };
        Ok(Armorer::for_all(kind))
    };
    inputs::stdin_pieces(|piece| {
        // What is armored already is armored anew.
        dearmorer.push(piece, &mut plain).map_err(bad)?;
        match &mut armorer {
            Some(armorer) => armorer.push(&plain, &mut text),
            None => {
                head.append(&mut plain);
                if head.len() >= LOOKED_AT {
                    let mut fresh = begin(&head, dearmorer.kind())?;
                    fresh.push(&head, &mut text);
                    armorer = Some(fresh);
                }
            }
        }
        plain.clear();
        out.write_all(&text)?;
        text.clear();
        Ok(())
    })?;
    let came = dearmorer.kind();
    dearmorer.finish(&mut plain).map_err(bad)?;
    let mut armorer = match armorer {
        Some(armorer) => armorer,
        None => {
            head.append(&mut plain);
            let mut fresh = begin(&head, came)?;
            fresh.push(&head, &mut text);
            fresh
        }
    };
    armorer.push(&plain, &mut text);
    armorer.finish(&mut text);
    out.write_all(&text)?;
    Ok(out.flush()?)
}

fn bad(error: seal::armor::ArmorError) -> Failure {
    Failure::new(Code::BadData, error.to_string())
}

/// The label that the first packet, or that all packets, ask for.
fn kind_of(data: &[u8]) -> Result<Kind, Failure> {
    let first = *data.first().ok_or_else(|| Failure::new(Code::BadData, "there is no data"))?;
    let packet = match first {
        0x80..=0xbf => first >> 2 & 0x0f,
        0xc0.. => first & 0x3f,
        _ => return Err(Failure::new(Code::BadData, "this is not OpenPGP data")),
    };
    Ok(match packet {
        2 if data.len() < LOOKED_AT && seal::verify::detached(data).is_ok() => Kind::Signature,
        5 => Kind::SecretKey,
        6 => Kind::Certificate,
        _ => Kind::Message,
    })
}

/// `sop dearmor`
pub(crate) fn dearmor() -> Result<(), Failure> {
    let mut out = outputs::stdout()?;
    let mut dearmorer = Dearmorer::new();
    let mut plain = Vec::new();
    inputs::stdin_pieces(|piece| {
        dearmorer.push(piece, &mut plain).map_err(bad)?;
        out.write_all(&plain)?;
        plain.clear();
        Ok(())
    })?;
    dearmorer.finish(&mut plain).map_err(bad)?;
    out.write_all(&plain)?;
    Ok(out.flush()?)
}

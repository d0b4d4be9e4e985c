//! However the content arrives, and whatever its size, the octets are the same and open.

use proptest::prelude::*;

use super::*;

/// Pushes `content` in pieces of `step` octets.
pub(super) fn by_pieces(
    content: &[u8],
    step: usize,
    options: &Options<'_>,
    key: &SignedSecretKey,
) -> Vec<u8> {
    let (mut out, mut writer) = (Vec::new(), Writer::new(options, &mut rng(8), NOW).unwrap());
    for piece in content.chunks(step.max(1)) {
        writer.push(piece, &mut out).unwrap();
    }
    writer.finish(&[secret(key)], &mut out).unwrap();
    assert!(writer.is_done());
    out
}

/// Sizes around the borders of chunks and pieces.
fn sizes() -> impl Strategy<Value = usize> {
    prop_oneof![0_usize..300, 8_000_usize..8_800, 65_300_usize..65_800, 130_800_usize..131_300]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn the_way_in_leaves_no_trace(
        octets in sizes(),
        step in prop_oneof![1_usize..5, 500_usize..600, 60_000_usize..140_000],
        known: bool,
        armor: bool,
        form in 0_usize..4,
        chunk in prop_oneof![0_u8..3, 9_u8..12],
    ) {
        let ann = v4(1);
        let (name, plan) = plans().into_iter().nth(form).unwrap();
        let options = Options {
            recipients: vec![to(&ann, Naming::Named)],
            signers: vec![signer(&ann)],
            plan: plan.with_chunk(chunk),
            length: known.then_some(octets as u64),
            armor,
            ..Options::default()
        };
        let content = text(octets, 6);
        let step = if octets > 10_000 { step.max(500) } else { step };
        let sealed = by_pieces(&content, step, &options, &ann);
        let at_once = by_pieces(&content, usize::MAX, &options, &ann);
        prop_assert!(sealed == at_once, "{name}");
        prop_assert!(open(&sealed, &[&ann], None, &[&ann]) == Ok(content), "{name}");
    }
}

#[test]
fn streams_come_out_as_they_go_in() {
    let ann = v4(1);
    for (name, plan) in plans() {
        let options = Options { recipients: vec![to(&ann, Naming::Named)], plan, ..Options::default() };
        let mut writer = Writer::new(&options, &mut rng(8), NOW).unwrap();
        let (piece, mut out, mut most, mut whole) = (text(100_000, 1), Vec::new(), 0, Vec::new());
        for _ in 0..40 {
            writer.push(&piece, &mut out).unwrap();
            most = most.max(out.len());
            whole.append(&mut out);
        }
        writer.finish(&[], &mut out).unwrap();
        whole.append(&mut out);
        assert!(most < 600_000, "{name}: {most} octets at once");
        assert!(open(&whole, &[&ann], None, &[]).unwrap() == piece.repeat(40), "{name}");
    }
}

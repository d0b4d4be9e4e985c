//! A host that enciphers makes the same octets.

use super::*;

#[test]
fn hosts_write_the_same_octets() {
    let ann = v4(1);
    for (name, plan) in plans() {
        for engine in [Engine::HostCbc, Engine::HostCfb] {
            for (octets, chunk) in
                [(0, 0), (1, 0), (20, 0), (63, 0), (1000, 0), (70_000, 10), (1_100_000, 12)]
            {
                for known in [true, false] {
                    let mut options = Options {
                        recipients: vec![to(&ann, Naming::Named)],
                        signers: vec![signer(&ann)],
                        plan: plan.with_chunk(chunk),
                        length: known.then_some(octets),
                        armor: octets == 1000,
                        ..Options::default()
                    };
                    let content = text(usize::try_from(octets).unwrap(), 6);
                    let portable = streams::by_pieces(&content, 50_000, &options, &ann);
                    options.engine = engine;
                    let (mut out, mut writer) =
                        (Vec::new(), Writer::new(&options, &mut rng(8), NOW).unwrap());
                    assert_eq!(writer.host_key().is_some(), plan.suits_host());
                    for piece in content.chunks(33_333) {
                        writer.push(piece, &mut out).unwrap();
                        run_jobs(&mut writer, true, &mut out);
                    }
                    writer.finish(&[secret(&ann)], &mut out).unwrap();
                    run_jobs(&mut writer, true, &mut out);
                    assert!(writer.is_done(), "{name} {engine:?}");
                    assert!(out == portable, "{name} {engine:?} {octets} {known}");
                }
            }
        }
    }
}

#[test]
fn content_may_stay_outside() {
    let ann = v4(1);
    for octets in [0_u64, 1, 100, 64, 5000] {
        let content = text(usize::try_from(octets).unwrap(), 6);
        let mut options = Options {
            recipients: vec![to(&ann, Naming::Named)],
            signers: vec![signer(&ann)],
            plan: Plan::modern().with_mode(3).with_chunk(0),
            length: Some(octets),
            ..Options::default()
        };
        let portable = streams::by_pieces(&content, 999, &options, &ann);
        options.engine = Engine::HostCbc;
        options.content_outside = true;
        for hash_outside in [false, true] {
            options.hash_outside = hash_outside;
            let (mut out, mut writer) = (Vec::new(), Writer::new(&options, &mut rng(8), NOW).unwrap());
            if hash_outside {
                writer.skip(octets).unwrap();
            } else {
                content.chunks(77).for_each(|piece| writer.push(piece, &mut out).unwrap());
            }
            let key = writer.host_key().unwrap().to_vec();
            let tasks = writer.to_sign(&mut out).unwrap();
            let signed: Vec<Signed> = tasks
                .into_iter()
                .map(|task| {
                    let covered = [task.salt(), &content, task.trailer()].concat();
                    let digest = <sha2::Sha512 as sha2::Digest>::digest(covered);
                    assert!(task.digest().is_none_or(|made| made == &*digest));
                    task.with_digest(&digest).unwrap().sign(secret(&ann)).unwrap()
                })
                .collect();
            writer.conclude(&signed, &mut out).unwrap();
            let mut pieces = std::collections::BTreeMap::new();
            while let Some(mut job) = writer.take_job() {
                for part in &mut job.parts {
                    if let Part::Content(range) = part {
                        let range =
                            usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap();
                        *part = Part::Octets(content.get(range).unwrap().to_vec());
                    }
                }
                let index = job.index;
                pieces.insert(index, run(&key, job));
                writer.kept(index, &mut out).unwrap();
            }
            assert!(writer.is_done());
            pieces.values().for_each(|piece| out.extend_from_slice(piece));
            assert!(out == portable, "{octets}");
        }
    }
}

#[test]
fn what_was_not_asked_for_is_refused() {
    let ann = v4(1);
    for (plan, engine) in [
        (Plan::modern().with_mode(3).with_chunk(0), Engine::HostCbc),
        (Plan::default(), Engine::HostCbc),
        (Plan::default(), Engine::HostCfb),
    ] {
        let options =
            Options { recipients: vec![to(&ann, Naming::Named)], plan, engine, ..Options::default() };
        let (mut out, mut writer) = (Vec::new(), Writer::new(&options, &mut rng(8), NOW).unwrap());
        writer.give(0, vec![0; 16], &mut out).unwrap_err();
        writer.push(&[1; 200], &mut out).unwrap();
        writer.finish(&[], &mut out).unwrap();
        assert!(!writer.is_done());
        let job = writer.take_job().unwrap();
        assert_eq!(job.index, 0);
        writer.give(7, vec![0; 80], &mut out).unwrap_err();
        writer.kept(0, &mut out).unwrap_err();
        writer.give(0, vec![0; 3], &mut out).unwrap_err();
        assert!(!writer.is_done());
    }
}

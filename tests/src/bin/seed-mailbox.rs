//! `seed-mailbox FOLDER COUNT`: a data folder with the account `alice@hedgerow.test` and COUNT
//! messages in her inbox, each sealed by the real core and sent over the real server, for
//! `cargo xtask bench inbox`. Prints her passphrase.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result, anyhow};
use tests::person::Person;
use tests::server::Server;

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let usage = "usage: seed-mailbox FOLDER COUNT";
    let folder = PathBuf::from(arguments.next().context(usage)?);
    let count: u32 = arguments.next().context(usage)?.parse().context(usage)?;
    let server = Server::in_folder(&folder, &[("limits.account_per_minute", "10000000")]).await?;
    let alice = Person::new(&server, "alice").await.map_err(said)?;
    let mut bob = Person::new(&server, "bob").await.map_err(said)?;
    let to = alice.address.clone();
    let (entries, _) = bob.judge(std::slice::from_ref(&to)).await.map_err(said)?;
    let mut err = std::io::stderr();
    for number in 0..count {
        let subject = format!("Message number {number} about the allotment");
        let text = format!("Dear Alice,\n\nthis is message {number}. The beans are coming up.\n\nBob\n");
        let draft = Person::draft(&[&to], &subject, &text);
        let parcel = bob.seal_to(draft, entries.clone()).await.map_err(said)?;
        bob.submit(&parcel).await.map_err(said)?;
        if number % 1000 == 999 {
            writeln!(err, "{} messages sealed and sent", number + 1)?;
        }
    }
    writeln!(std::io::stdout(), "{}", alice.passphrase)?;
    Ok(())
}

fn said(refusal: tests::refusal::Refusal) -> anyhow::Error {
    anyhow!("{refusal:?}")
}

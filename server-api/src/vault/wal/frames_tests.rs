//! Logs that SQLite itself wrote, on a machine with little-endian words.

use super::*;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _};

const PAGE: usize = 4096;
const FRAME: usize = FRAME_HEADER + PAGE;

/// A log that SQLite wrote: some pages folded into the database already, then `commits` transactions.
async fn log(commits: usize) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("db");
    let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let mut connection = options.journal_mode(SqliteJournalMode::Wal).connect().await.unwrap();
    connection.execute("CREATE TABLE t (a INTEGER PRIMARY KEY, b BLOB)").await.unwrap();
    for _ in 0..40 {
        connection.execute("INSERT INTO t (b) VALUES (randomblob(300))").await.unwrap();
    }
    // The next write begins the log anew, over frames of before.
    connection.execute("PRAGMA wal_checkpoint(PASSIVE)").await.unwrap();
    for number in 0..commits {
        let sql = format!("INSERT INTO t (b) VALUES (zeroblob({})), (randomblob(3000))", 10 * number);
        connection.execute(AssertSqlSafe(sql)).await.unwrap();
    }
    let bytes = std::fs::read(folder.path().join("db-wal")).unwrap();
    connection.close().await.unwrap();
    bytes
}

fn examined(mut bytes: Vec<u8>) -> (Report, Vec<u8>) {
    let report = examine(&mut bytes);
    (report, bytes)
}

/// Where the frames of the present use end.
fn end(bytes: &[u8]) -> usize {
    let salts = &bytes[16..24];
    let frames = bytes[HEADER..].chunks_exact(FRAME).take_while(|frame| &frame[8..16] == salts).count();
    HEADER + frames * FRAME
}

#[tokio::test]
async fn a_whole_log_is_left_alone() {
    let bytes = log(6).await;
    let (report, after) = examined(bytes.clone());
    assert_eq!(after, bytes);
    assert_eq!((report.repairs.len(), report.lost), (0, 0));
    assert_eq!(report.readable as usize, end(&bytes));
    assert!(end(&bytes) < bytes.len(), "no frames of an earlier use: the test shows less than it should");
}

#[tokio::test]
async fn any_flipped_byte_is_put_back_or_refused() {
    let bytes = log(4).await;
    let end = end(&bytes);
    let (mut mended, mut refused) = (0, 0);
    // All of the headers, and a sample of the pages.
    let places = (0..end).filter(|at| {
        let inside = at.saturating_sub(HEADER) % FRAME;
        *at < HEADER || !(40..=FRAME - 12).contains(&inside) || at % 61 == 0
    });
    for (number, at) in places.enumerate() {
        let mut damaged = bytes.clone();
        damaged[at] ^= if number % 3 == 0 { 0xff } else { 1 << (number % 8) };
        let (report, after) = examined(damaged);
        if report.refused() {
            // In the high bits of a word, or where nothing tells a page's last word from the sum.
            assert!(report.repairs.is_empty(), "byte {at} of {end}");
            refused += 1;
        } else {
            assert!(after == bytes, "byte {at} of {end}");
            assert_eq!((report.repairs.as_slice(), report.lost), ([(at as u64, bytes[at])].as_slice(), 0));
            mended += 1;
        }
    }
    assert!(mended > 2 * refused, "{mended} mended, {refused} refused");
}

#[tokio::test]
async fn damage_before_other_commits_is_refused() {
    let bytes = log(5).await;
    for at in [4, HEADER + 12, HEADER + 2000, HEADER + FRAME + 100] {
        let mut damaged = bytes.clone();
        damaged[at..at + 8].fill(0x5a);
        let (report, _) = examined(damaged);
        assert!(report.refused() && report.lost >= 4, "at {at}: {report:?}");
        assert!(report.readable as usize <= at);
    }
}

#[tokio::test]
async fn a_torn_last_commit_is_not_refused() {
    let bytes = log(5).await;
    let end = end(&bytes);
    // Half of the last page is what was there before.
    let mut torn = bytes.clone();
    torn[end - 2048..end].fill(0);
    let (report, _) = examined(torn);
    assert!(!report.refused() && report.lost == 1, "{report:?}");
    // Cut in the middle of the frame.
    let (report, _) = examined(bytes[..end - 2048].to_vec());
    assert_eq!((report.refused(), report.lost), (false, 0));
}

#[tokio::test]
async fn anything_short_or_strange_is_survived() {
    let bytes = log(2).await;
    for length in [0, 1, 31, 32, 33, 56, HEADER + FRAME - 1] {
        let (report, _) = examined(bytes[..length].to_vec());
        assert!(!report.refused(), "{length}: {report:?}");
    }
    for fill in [0u8, 0x37, 0xff] {
        examined(vec![fill; 3 * FRAME + 7]);
    }
}

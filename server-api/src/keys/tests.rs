//! The directory through the router.

use crate::accounts::test_client::{Server, address};
use wire::error::ErrorCode;
use wire::keys::DirectoryEntry;

#[tokio::test]
async fn the_directory_answers_account_holders() {
    let server = Server::start().await;
    let (alice, bob) = (server.register("alice").await, server.register("bob").await);
    let entry: DirectoryEntry = server.get("/directory/Bob@hedgerow.test", alice.cookie()).await.json();
    assert_eq!((entry.address, entry.certificate), (address("bob"), bob.view.certificate));
    let missing = server.get("/directory/nobody@hedgerow.test", alice.cookie()).await;
    let body: wire::error::ErrorBody = serde_json::from_slice(&missing.body).unwrap();
    assert_eq!((body.code, body.address), (ErrorCode::NoSuchRecipient, Some(address("nobody"))));
    assert_eq!(server.get("/directory/nonsense", alice.cookie()).await.error(), ErrorCode::Malformed);
    assert_eq!(server.get("/directory/bob@hedgerow.test", None).await.error(), ErrorCode::NotSignedIn);
}

#[tokio::test]
async fn the_directory_is_no_list_of_people() {
    let variables =
        [("HEDGEROW_ACCOUNTS__REGISTRATION", "open"), ("HEDGEROW_LIMITS__DIRECTORY_PER_HOUR", "3")];
    let server = Server::start_with(&variables).await;
    let alice = server.register("alice").await;
    let guess =
        async |name: &str| server.get(&format!("/directory/{name}@hedgerow.test"), alice.cookie()).await;
    for name in ["bob", "carol", "dave"] {
        assert_eq!(guess(name).await.error(), ErrorCode::NoSuchRecipient);
    }
    assert_eq!(guess("alice").await.error(), ErrorCode::TooMany, "a hit is counted like a miss");
}

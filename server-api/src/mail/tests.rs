//! The mail room through the router.

use crate::accounts::test_client::*;
use crate::app::random;
use axum::http::Method;
use std::collections::BTreeSet;
use wire::error::{ErrorBody, ErrorCode};
use wire::ids::{BlobId, FolderId, MessageId, SubmissionId};
use wire::mail::*;
use wire::page::Page;
use wire::sealed::{Digest, SealedMessage};
use wire::vault::{Change, Changes};

async fn changes(server: &Server, person: &Person, since: u64) -> Changes {
    server.get(&format!("/vault/changes?since={since}"), person.cookie()).await.json()
}

#[tokio::test]
async fn a_message_reaches_everyone_once() {
    let server = Server::start().await;
    let (alice, bob, carol) =
        (server.register("alice").await, server.register("bob").await, server.register("carol").await);
    let before = changes(&server, &bob, 0).await.seq;
    let request = alice.message(&server, &[&bob.address, &carol.address, &bob.address]).await;
    let sent = alice.submit(&server, &request).await;
    assert_eq!(
        (sent.flags.as_slice(), sent.summary.clone()),
        ([Flag::Seen].as_slice(), request.own_summary.clone())
    );
    for (person, delivery) in [(&bob, 0), (&carol, 1)] {
        let inbox = person.list(&server, FolderRole::Inbox).await;
        assert_eq!(inbox.len(), 1);
        assert_eq!(inbox[0].summary, request.deliveries[delivery].summary);
        assert_eq!((inbox[0].blob, inbox[0].uid, inbox[0].flags.len()), (request.blob, 1, 0));
        let folder = person.folder(&server, FolderRole::Inbox).await;
        assert_eq!((folder.total, folder.unread, folder.uid_next), (1, 1, 2));
        let blob = server.get(&format!("/vault/blobs/{}", request.blob), person.cookie()).await;
        assert_eq!(blob.body.len() as u64, inbox[0].size);
    }
    let news = changes(&server, &bob, before).await;
    assert!(matches!(news.changes.as_slice(), [Change::Message { .. }]));
    assert_eq!(alice.list(&server, FolderRole::Sent).await, vec![sent.clone()]);

    assert_eq!(alice.submit(&server, &request).await, sent, "repeating it repeats the reply");
    assert_eq!(bob.list(&server, FolderRole::Inbox).await.len(), 1);
    let mut other = alice.message(&server, &[&bob.address]).await;
    other.submission_id = request.submission_id;
    let refused = server.post("/mail/submissions", alice.cookie(), &other).await;
    assert_eq!(refused.error(), ErrorCode::Stale);
    alice.act(&server, &[sent.id], Action::Destroy).await;
    assert_eq!(alice.submit(&server, &request).await.id, sent.id, "also once the copy is gone");
    assert_eq!(bob.list(&server, FolderRole::Inbox).await.len(), 1);
}

#[tokio::test]
async fn a_message_to_oneself_arrives() {
    let server = Server::start().await;
    let alice = server.register("alice").await;
    let request = alice.message(&server, &[&alice.address]).await;
    alice.submit(&server, &request).await;
    assert_eq!(alice.list(&server, FolderRole::Inbox).await.len(), 1);
    assert_eq!(alice.list(&server, FolderRole::Sent).await.len(), 1);
}

#[tokio::test]
async fn all_recipients_or_none() {
    let server = Server::start().await;
    let (alice, bob) = (server.register("alice").await, server.register("bob").await);
    let submit =
        async |request: &SubmitRequest| server.post("/mail/submissions", alice.cookie(), request).await;
    let request = alice.message(&server, &[&bob.address, &address("nobody")]).await;
    let reply = submit(&request).await;
    assert_eq!(reply.error(), ErrorCode::NoSuchRecipient);
    let body: ErrorBody = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(body.address, Some(address("nobody")));

    server
        .app
        .db
        .write(|mut tx| async move {
            let full = "UPDATE accounts SET quota_bytes = used_bytes WHERE address = 'bob@hedgerow.test'";
            tx.execute(full, &[]).await?;
            Ok((tx, ()))
        })
        .await
        .unwrap();
    let carol = server.register("carol").await;
    let request = alice.message(&server, &[&carol.address, &bob.address]).await;
    let reply = submit(&request).await;
    assert_eq!(reply.error(), ErrorCode::QuotaExceeded);
    let body: ErrorBody = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(body.address, Some(bob.address.clone()));
    for person in [&alice, &bob, &carol] {
        for role in FolderRole::ALL {
            assert_eq!(person.list(&server, role).await, []);
        }
    }
    let request = SubmitRequest { deliveries: request.deliveries[..1].to_vec(), ..request };
    assert!(submit(&request).await.status.is_success(), "a refused submission may be sent again");
}

#[tokio::test]
async fn only_sealed_bytes_of_the_sender_are_sent() {
    let server = Server::start().await;
    let (alice, bob) = (server.register("alice").await, server.register("bob").await);
    let request = alice.message(&server, &[&bob.address]).await;
    let refused = async |change: &dyn Fn(&mut SubmitRequest)| {
        let mut request = request.clone();
        change(&mut request);
        server.post("/mail/submissions", alice.cookie(), &request).await.error()
    };
    let of_bob = bob.upload(&server).await;
    assert_eq!(refused(&|r| r.blob = BlobId(random())).await, ErrorCode::NotFound);
    assert_eq!(refused(&|r| (r.blob, r.blob_digest) = of_bob.clone()).await, ErrorCode::NotFound);
    assert_eq!(refused(&|r| r.blob_digest = Digest(vec![0; 32])).await, ErrorCode::Malformed);
    assert_eq!(refused(&|r| r.deliveries.clear()).await, ErrorCode::Malformed);
    assert_eq!(refused(&|r| r.answers = Some((MessageId(random()), Flag::Seen))).await, ErrorCode::Malformed);
    let plain = SealedMessage(br#"{"subject":"hello"}"#.to_vec());
    assert_eq!(refused(&|r| r.own_summary = plain.clone()).await, ErrorCode::NotSealed);
    assert_eq!(refused(&|r| r.deliveries[0].summary = plain.clone()).await, ErrorCode::NotSealed);
    let long = SealedMessage(vec![0xc1; 16 * 1024 + 1]);
    assert_eq!(refused(&|r| r.own_summary = long.clone()).await, ErrorCode::TooLarge);
    assert_eq!(bob.list(&server, FolderRole::Inbox).await, []);
}

#[tokio::test]
async fn concurrent_submissions_keep_their_order_and_arrive_once() {
    let server = Server::start().await;
    let (alice, bob) = (server.register("alice").await, server.register("bob").await);
    let mut requests = Vec::new();
    for _ in 0..12 {
        requests.push(alice.message(&server, &[&bob.address]).await);
        requests.push(bob.message(&server, &[&alice.address]).await);
    }
    // Each is sent twice, all at once.
    let sending = requests.iter().enumerate().flat_map(|(at, request)| {
        let sender = if at % 2 == 0 { &alice } else { &bob };
        [sender.submit(&server, request), sender.submit(&server, request)]
    });
    futures::future::join_all(sending).await;
    for person in [&alice, &bob] {
        let inbox = person.list(&server, FolderRole::Inbox).await;
        assert_eq!(inbox.len(), 12);
        let uids: BTreeSet<u32> = inbox.iter().map(|message| message.uid).collect();
        assert_eq!(uids, (1..=12).collect());
        let seqs: BTreeSet<u64> = inbox.iter().map(|message| message.seq).collect();
        assert_eq!(seqs.len(), 12);
        assert_eq!(person.list(&server, FolderRole::Sent).await.len(), 12);
    }
}

#[tokio::test]
async fn an_answer_marks_what_it_answers_and_takes_its_draft_away() {
    let server = Server::start().await;
    let (alice, bob) = (server.register("alice").await, server.register("bob").await);
    let request = alice.message(&server, &[&bob.address]).await;
    alice.submit(&server, &request).await;
    let question = bob.list(&server, FolderRole::Inbox).await.remove(0);
    let (blob, blob_digest) = bob.upload(&server).await;
    let draft = MessageId(random());
    let put = DraftPut { blob, blob_digest, summary: summary() };
    let path = format!("/mail/drafts/{draft}");
    let saved: MessageView = server.json(Method::PUT, &path, bob.cookie(), &put).await.json();
    assert_eq!(saved.id, draft);
    let mut answer = bob.message(&server, &[&alice.address]).await;
    answer.answers = Some((question.id, Flag::Answered));
    answer.draft = Some(draft);
    bob.submit(&server, &answer).await;
    assert_eq!(bob.list(&server, FolderRole::Inbox).await[0].flags, [Flag::Answered]);
    assert_eq!(bob.list(&server, FolderRole::Drafts).await, []);
    // A draft named by mistake is not a way to lose mail.
    let mut stray = bob.message(&server, &[&alice.address]).await;
    stray.draft = Some(question.id);
    bob.submit(&server, &stray).await;
    assert_eq!(bob.list(&server, FolderRole::Inbox).await.len(), 1);
}

#[tokio::test]
async fn a_draft_replaces_its_earlier_version() {
    let server = Server::start().await;
    let alice = server.register("alice").await;
    let empty = alice.used_bytes(&server).await;
    let path = format!("/mail/drafts/{}", MessageId(random()));
    let save = async |put: &DraftPut| server.json(Method::PUT, &path, alice.cookie(), put).await;
    let (blob, blob_digest) = alice.upload(&server).await;
    let first = DraftPut { blob, blob_digest, summary: summary() };
    let one: MessageView = save(&first).await.json();
    assert_eq!(save(&first).await.json::<MessageView>(), one, "saving the same again changes nothing");
    let full = alice.used_bytes(&server).await;
    assert_eq!(full - empty, one.size + first.summary.0.len() as u64);
    let (blob, blob_digest) = alice.upload(&server).await;
    let second = DraftPut { blob, blob_digest, summary: SealedMessage(sealed(60)) };
    let two: MessageView = save(&second).await.json();
    assert_eq!((two.id, two.blob), (one.id, second.blob));
    assert!(two.uid > one.uid && two.seq > one.seq);
    assert_eq!(alice.list(&server, FolderRole::Drafts).await, vec![two.clone()]);
    assert_eq!(alice.used_bytes(&server).await - empty, two.size + second.summary.0.len() as u64);
    let old = server.get(&format!("/vault/blobs/{}", one.blob), alice.cookie()).await;
    assert_eq!(old.error(), ErrorCode::NotFound);
    let trash = alice.folder(&server, FolderRole::Trash).await.id;
    alice.act(&server, &[two.id], Action::Move { folder: trash }).await;
    assert_eq!(save(&first).await.error(), ErrorCode::NotFound, "its blob is gone");
    let (blob, blob_digest) = alice.upload(&server).await;
    let third = DraftPut { blob, blob_digest, summary: summary() };
    assert_eq!(save(&third).await.error(), ErrorCode::Stale);
}

#[tokio::test]
async fn messages_move_change_flags_and_go() {
    let server = Server::start().await;
    let (alice, bob) = (server.register("alice").await, server.register("bob").await);
    let empty = bob.used_bytes(&server).await;
    for _ in 0..3 {
        let request = alice.message(&server, &[&bob.address]).await;
        alice.submit(&server, &request).await;
    }
    let inbox = bob.list(&server, FolderRole::Inbox).await;
    let ids: Vec<MessageId> = inbox.iter().map(|message| message.id).collect();
    let act = async |action: Action| -> Vec<MessageView> {
        bob.act(&server, &ids, action).await.json::<ActionResponse>().messages
    };
    let flag = |add: &[Flag], remove: &[Flag]| Action::Flag { add: add.to_vec(), remove: remove.to_vec() };
    let seen = act(flag(&[Flag::Seen, Flag::Flagged], &[])).await;
    assert!(seen.iter().all(|message| message.flags == [Flag::Seen, Flag::Flagged]));
    let place = changes(&server, &bob, 0).await.seq;
    assert_eq!(act(flag(&[Flag::Seen], &[])).await, seen);
    assert_eq!(changes(&server, &bob, place).await.changes, [], "nothing changed, nothing to tell");
    assert_eq!(bob.folder(&server, FolderRole::Inbox).await.unread, 0);
    act(flag(&[], &[Flag::Seen])).await;
    assert_eq!(bob.folder(&server, FolderRole::Inbox).await.unread, 3);

    let archive = bob.folder(&server, FolderRole::Archive).await.id;
    let moved = act(Action::Move { folder: archive }).await;
    assert!(moved.iter().all(|message| message.folder == archive));
    assert_eq!(act(Action::Move { folder: archive }).await, moved);
    let listed = bob.list(&server, FolderRole::Archive).await;
    assert_eq!(
        listed.iter().map(|m| m.received_at).collect::<Vec<_>>(),
        inbox.iter().map(|m| m.received_at).collect::<Vec<_>>()
    );
    assert_eq!(listed.iter().map(|m| m.id).collect::<Vec<_>>(), ids);
    assert_eq!(bob.folder(&server, FolderRole::Inbox).await.total, 0);
    let nowhere = bob.act(&server, &ids, Action::Move { folder: FolderId(random()) }).await;
    assert_eq!(nowhere.error(), ErrorCode::NotFound);

    assert_eq!(act(Action::Destroy).await, []);
    assert_eq!(act(Action::Destroy).await, []);
    assert_eq!(bob.used_bytes(&server).await, empty);
    let blob = server.get(&format!("/vault/blobs/{}", inbox[0].blob), bob.cookie()).await;
    assert_eq!(blob.error(), ErrorCode::NotFound);
    assert!(server.get(&format!("/vault/blobs/{}", inbox[0].blob), alice.cookie()).await.status.is_success());
    assert!(changes(&server, &bob, place).await.changes.contains(&Change::MessageGone { id: ids[0] }));
    let too_many = bob.act(&server, &vec![ids[0]; 1001], Action::Destroy).await;
    assert_eq!(too_many.error(), ErrorCode::Malformed);
}

#[tokio::test]
async fn pages_follow_one_another() {
    let server = Server::start().await;
    let (alice, bob) = (server.register("alice").await, server.register("bob").await);
    for _ in 0..7 {
        let request = alice.message(&server, &[&bob.address]).await;
        alice.submit(&server, &request).await;
    }
    let folder = bob.folder(&server, FolderRole::Inbox).await.id;
    let path = format!("/mail/folders/{folder}/messages");
    let all: Page<MessageView> = server.get(&path, bob.cookie()).await.json();
    assert_eq!((all.items.len(), all.next.is_none()), (7, true));
    assert!(all.items.is_sorted_by(|a, b| (a.received_at, a.id) > (b.received_at, b.id)));
    let (mut paged, mut before) = (Vec::new(), String::new());
    for expected in [3, 3, 1] {
        let page: Page<MessageView> =
            server.get(&format!("{path}?limit=3{before}"), bob.cookie()).await.json();
        assert_eq!(page.items.len(), expected);
        paged.extend(page.items);
        before = page.next.map(|next| format!("&before={}", next.0)).unwrap_or_default();
    }
    assert_eq!(paged, all.items);
    assert_eq!(before, "");
    for query in ["limit=0", "limit=1001", "limit=x", "before=x"] {
        assert_eq!(server.get(&format!("{path}?{query}"), bob.cookie()).await.error(), ErrorCode::Malformed);
    }
    let one: MessageView = server.get(&format!("/mail/messages/{}", paged[0].id), bob.cookie()).await.json();
    assert_eq!(one, paged[0]);
}

#[tokio::test]
async fn nobody_reaches_into_anothers_mailbox() {
    let server = Server::start().await;
    let (alice, bob, mallory) =
        (server.register("alice").await, server.register("bob").await, server.register("mallory").await);
    let request = alice.message(&server, &[&bob.address]).await;
    alice.submit(&server, &request).await;
    let message = bob.list(&server, FolderRole::Inbox).await.remove(0);
    let get = async |path: String| server.get(&path, mallory.cookie()).await.error();
    assert_eq!(get(format!("/mail/messages/{}", message.id)).await, ErrorCode::NotFound);
    assert_eq!(get(format!("/mail/folders/{}/messages", message.folder)).await, ErrorCode::NotFound);
    assert_eq!(get(format!("/vault/blobs/{}", message.blob)).await, ErrorCode::NotFound);
    let folder = mallory.folder(&server, FolderRole::Trash).await.id;
    for action in
        [Action::Move { folder }, Action::Flag { add: vec![Flag::Seen], remove: vec![] }, Action::Destroy]
    {
        let done: ActionResponse = mallory.act(&server, &[message.id], action).await.json();
        assert_eq!(done.messages, [], "foreign ids are unknown ids");
    }
    let into = bob.act(&server, &[message.id], Action::Move { folder }).await;
    assert_eq!(into.error(), ErrorCode::NotFound, "nor may one push into another's folder");
    let stolen = SubmitRequest {
        submission_id: SubmissionId(random()),
        answers: Some((message.id, Flag::Answered)),
        draft: Some(message.id),
        ..mallory.message(&server, &[&mallory.address]).await
    };
    mallory.submit(&server, &stolen).await;
    let lent = SubmitRequest { blob: request.blob, blob_digest: request.blob_digest.clone(), ..stolen };
    let lent = SubmitRequest { submission_id: SubmissionId(random()), ..lent };
    assert_eq!(server.post("/mail/submissions", mallory.cookie(), &lent).await.error(), ErrorCode::NotFound);
    let put = DraftPut { blob: request.blob, blob_digest: request.blob_digest.clone(), summary: summary() };
    let path = format!("/mail/drafts/{}", MessageId(random()));
    assert_eq!(server.json(Method::PUT, &path, mallory.cookie(), &put).await.error(), ErrorCode::NotFound);
    assert_eq!(bob.list(&server, FolderRole::Inbox).await, [message]);
}

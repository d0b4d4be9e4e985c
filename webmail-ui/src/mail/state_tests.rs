use super::*;
use model::mail::Person;
use wire::ids::BlobId;
use wire::mail::{Action, Arrival};
use wire::sealed::SealedMessage;

const INBOX: FolderId = FolderId([1; 16]);
const ARCHIVE: FolderId = FolderId([2; 16]);

fn id(n: u8) -> MessageId {
    MessageId([n; 16])
}

fn view(n: u8, folder: FolderId, received_at: i64) -> MessageView {
    MessageView {
        id: id(n),
        folder,
        uid: u32::from(n),
        blob: BlobId([n; 16]),
        size: 1_000,
        received_at,
        flags: Vec::new(),
        seq: u64::from(n),
        arrival: Arrival::Sealed,
        summary: SealedMessage(vec![n]),
    }
}

fn folder(id: FolderId, role: FolderRole, total: u64, unread: u64) -> FolderView {
    FolderView { id, role: Some(role), name: None, total, unread, uid_validity: 1, uid_next: 1 }
}

fn row(view: &MessageView, from: &str, subject: &str) -> Row {
    let person = |address: &str| Person { name: String::new(), address: address.into() };
    Row {
        id: view.id,
        folder: view.folder,
        flags: view.flags.clone(),
        received_at: view.received_at,
        size: view.size,
        arrival: view.arrival,
        summary: Ok(Summary {
            from: person(from),
            to: vec![person("me@hedgerow.test")],
            subject: subject.into(),
            snippet: String::new(),
            date: view.received_at,
            attachments: 0,
            blob_digest: String::new(),
        }),
    }
}

/// Messages 1 (oldest) to 5 in the inbox, loaded in two pages.
fn mailbox() -> Mailbox {
    let mut mailbox = Mailbox::default();
    mailbox.set_folders(vec![
        folder(INBOX, FolderRole::Inbox, 5, 5),
        folder(ARCHIVE, FolderRole::Archive, 0, 0),
    ]);
    let view = |n: u8| view(n, INBOX, i64::from(n) * 10);
    mailbox.add_page(INBOX, Page { items: vec![view(5), view(4), view(3)], next: Some(Cursor("x".into())) });
    mailbox.add_page(INBOX, Page { items: vec![view(2), view(1)], next: None });
    mailbox.add_page(ARCHIVE, Page { items: Vec::new(), next: None });
    mailbox
}

fn shown(mailbox: &Mailbox, folder: FolderId) -> Vec<u8> {
    mailbox.visible(folder, "").iter().map(|id| id.0[0]).collect()
}

fn counts(mailbox: &Mailbox, role: FolderRole) -> (u64, u64) {
    mailbox.folder(role).map(|folder| (folder.total, folder.unread)).unwrap()
}

#[test]
fn pages_make_one_list_newest_first() {
    let mailbox = mailbox();
    assert_eq!(shown(&mailbox, INBOX), [5, 4, 3, 2, 1]);
    assert_eq!(mailbox.next_page(INBOX), Next::End);
    assert_eq!(mailbox.next_page(FolderId([9; 16])), Next::Start);
    assert_eq!(mailbox.newest_seq(), 5);
}

#[test]
fn new_mail_takes_its_place_once() {
    let mut mailbox = mailbox();
    let mut late = view(9, INBOX, 35);
    mailbox.merge(late.clone());
    mailbox.merge(late.clone());
    assert_eq!(shown(&mailbox, INBOX), [5, 4, 9, 3, 2, 1]);
    // Older news than known is passed over.
    late.seq = 3;
    late.folder = ARCHIVE;
    mailbox.merge(late);
    assert_eq!(shown(&mailbox, INBOX), [5, 4, 9, 3, 2, 1]);
}

#[test]
fn a_restarted_list_drops_what_left_the_folder_meanwhile() {
    let mut mailbox = mailbox();
    mailbox.restart(INBOX);
    assert_eq!(shown(&mailbox, INBOX), [5, 4, 3, 2, 1], "nothing blinks");
    let view = |n: u8| view(n, INBOX, i64::from(n) * 10);
    mailbox.add_page(INBOX, Page { items: vec![view(6), view(5), view(3)], next: Some(Cursor("x".into())) });
    assert_eq!(shown(&mailbox, INBOX), [6, 5, 3, 2, 1]);
    mailbox.add_page(INBOX, Page { items: vec![view(1)], next: None });
    assert_eq!(shown(&mailbox, INBOX), [6, 5, 3, 1]);
}

#[test]
fn an_action_shows_at_once_and_its_answer_confirms_it() {
    let mut mailbox = mailbox();
    let applied = mailbox.apply(&[id(4), id(3)], Action::Move { folder: ARCHIVE }).unwrap();
    assert_eq!(shown(&mailbox, INBOX), [5, 2, 1]);
    assert_eq!(shown(&mailbox, ARCHIVE), [4, 3]);
    assert_eq!(counts(&mailbox, FolderRole::Inbox), (3, 3));
    assert_eq!(counts(&mailbox, FolderRole::Archive), (2, 2));
    assert_eq!(applied.undo.len(), 1);
    assert_eq!(applied.undo[0].action, Action::Move { folder: INBOX });

    // The change feed and older counts arrive in between: neither may undo what the person sees.
    mailbox.merge(MessageView { seq: 50, ..view(4, INBOX, 40) });
    mailbox.set_folders(vec![folder(INBOX, FolderRole::Inbox, 5, 5)]);
    assert_eq!(shown(&mailbox, ARCHIVE), [4, 3]);
    assert_eq!(counts(&mailbox, FolderRole::Inbox), (3, 3));

    let done = |n: u8| MessageView { seq: 60, ..view(n, ARCHIVE, i64::from(n) * 10) };
    mailbox.confirm(applied.ticket, vec![done(4), done(3)]);
    assert_eq!(shown(&mailbox, ARCHIVE), [4, 3]);
    assert_eq!(counts(&mailbox, FolderRole::Inbox), (5, 5), "the waiting counts are taken, new ones follow");
}

#[test]
fn a_refused_action_is_rolled_back_with_all_that_came_after_it() {
    let mut mailbox = mailbox();
    let first = mailbox.apply(&[id(4)], Action::Move { folder: ARCHIVE }).unwrap();
    let second = mailbox.apply(&[id(4)], Action::Flag { add: vec![Flag::Seen], remove: vec![] }).unwrap();
    let third = mailbox.apply(&[id(4)], Action::Destroy).unwrap();
    assert!(mailbox.entry(id(4)).is_none());
    assert!(third.undo.is_empty());
    assert_eq!(mailbox.roll_back(first.ticket), [third.ticket, second.ticket, first.ticket]);
    assert_eq!(shown(&mailbox, INBOX), [5, 4, 3, 2, 1]);
    assert!(mailbox.entry(id(4)).unwrap().unread());
    assert_eq!(counts(&mailbox, FolderRole::Inbox), (5, 5));
    assert_eq!(counts(&mailbox, FolderRole::Archive), (0, 0));
}

#[test]
fn nothing_is_asked_when_nothing_would_change() {
    let mut mailbox = mailbox();
    assert!(mailbox.apply(&[id(4)], Action::Move { folder: INBOX }).is_none());
    assert!(mailbox.apply(&[id(4)], Action::Flag { add: vec![], remove: vec![Flag::Seen] }).is_none());
    assert!(mailbox.apply(&[id(99)], Action::Destroy).is_none());
}

#[test]
fn the_worker_gets_the_rows_in_view_first_and_each_once() {
    let mut mailbox = mailbox();
    let ids = |views: &[MessageView]| views.iter().map(|view| view.id.0[0]).collect::<Vec<_>>();
    let first = mailbox.take_unopened(INBOX, &[id(2), id(1)], 3);
    assert_eq!(ids(&first), [2, 1, 5]);
    let rest = mailbox.take_unopened(INBOX, &[id(2)], 10);
    assert_eq!(ids(&rest), [4, 3]);
    assert!(mailbox.take_unopened(INBOX, &[id(1)], 10).is_empty());
    // A worker that broke did not open them: they are asked again.
    mailbox.opened(first.iter().map(|view| row(view, "ben@x.test", "Hello")).collect());
    mailbox.not_opened(&[id(4), id(3)]);
    assert_eq!(ids(&mailbox.take_unopened(INBOX, &[], 10)), [4, 3]);
    // A new summary under a known message is opened again.
    mailbox.merge(MessageView { summary: SealedMessage(vec![77]), seq: 70, ..view(5, INBOX, 50) });
    assert_eq!(ids(&mailbox.take_unopened(INBOX, &[], 10)), [5]);
}

#[test]
fn search_finds_words_in_opened_rows() {
    let mut mailbox = mailbox();
    let views = mailbox.take_unopened(INBOX, &[], 4);
    let rows = views.iter().zip(["Straße gesperrt", "Budget", "budget 2027", "Lunch"]);
    mailbox.opened(rows.map(|(view, subject)| row(view, "Ana@x.test", subject)).collect());
    let found = |query: &str| mailbox.visible(INBOX, query).iter().map(|id| id.0[0]).collect::<Vec<_>>();
    assert_eq!(found("budget"), [4, 3]);
    assert_eq!(found("  BUDGET 2027 "), [3]);
    assert_eq!(found("straße ana"), [5]);
    assert_eq!(found("ana"), [5, 4, 3, 2], "what is not opened cannot be found");
    assert_eq!(found("nothing"), [0u8; 0]);
}

#[test]
fn the_change_feed_says_what_to_fetch() {
    let mut mailbox = mailbox();
    let unknown = FolderId([9; 16]);
    let fetch = mailbox.changes(&[
        Change::Message { id: id(20), folder: INBOX },
        Change::Message { id: id(20), folder: INBOX },
        Change::Message { id: id(21), folder: unknown },
        Change::Message { id: id(22), folder: INBOX },
        Change::MessageGone { id: id(22) },
        Change::MessageGone { id: id(5) },
        Change::Account,
    ]);
    assert_eq!(fetch.messages, [id(20)]);
    assert!(fetch.account && fetch.mail && fetch.lists.is_empty());
    assert_eq!(shown(&mailbox, INBOX), [4, 3, 2, 1]);

    let many: Vec<Change> = (30..130).map(|n| Change::Message { id: id(n), folder: INBOX }).collect();
    let fetch = mailbox.changes(&many);
    assert_eq!((fetch.messages.len(), fetch.lists), (0, vec![INBOX]));
}

#[test]
fn focus_goes_to_the_row_that_stays() {
    let list = [id(5), id(4), id(3)];
    assert_eq!(neighbour(&list, &[id(4)]), Some(id(3)));
    assert_eq!(neighbour(&list, &[id(3)]), Some(id(4)));
    assert_eq!(neighbour(&list, &[id(4), id(3)]), Some(id(5)));
    assert_eq!(neighbour(&list, &list), None);
    assert_eq!(neighbour(&list, &[id(9)]), None);
}

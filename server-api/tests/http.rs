//! The server as a whole, over HTTP: guards, headers, blobs, events, site, start and stop.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod stores;

use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use server_api::app::random;
use server_api::{Serving, serve};
use std::time::{Duration, Instant};
use stores::{Kind, Stores, envelope};
use tokio_util::sync::CancellationToken;
use wire::ids::{AccountId, BlobId, CollectionId, ItemId};

on_both_stores!(
    other_sites_cannot_change_anything,
    every_reply_has_the_headers,
    blobs_travel_both_ways,
    accounts_do_not_see_each_other,
    changes_reach_open_browsers,
    events_end_with_the_session_and_the_server,
    a_stopped_server_keeps_what_it_acknowledged,
);

struct Running {
    stores: Stores,
    serving: Serving,
    shutdown: CancellationToken,
    client: Client,
}

impl Running {
    async fn start(stores: Stores) -> Self {
        let shutdown = CancellationToken::new();
        let serving = serve(stores.config.clone(), shutdown.clone()).await.unwrap();
        Self { stores, serving, shutdown, client: Client::new() }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{}{path}", self.serving.address(), wire::API)
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, self.url(path)).header(wire::GUARD_HEADER, "1")
    }

    async fn ask(&self, cookie: &str, method: Method, path: &str, body: Option<Value>) -> Response {
        let request = self.request(method, path).header("cookie", cookie);
        match body {
            Some(body) => request.json(&body).send().await.unwrap(),
            None => request.send().await.unwrap(),
        }
    }

    async fn signed_in(&self) -> (AccountId, String) {
        let account = self.stores.account(64 << 20).await;
        (account, self.stores.session(&account).await)
    }

    async fn stop(self) -> Stores {
        self.shutdown.cancel();
        self.serving.wait().await.unwrap();
        self.stores
    }
}

async fn code(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    let body: Value = response.json().await.unwrap();
    (status, body["code"].as_str().unwrap().to_owned())
}

fn collection() -> Value {
    let key = wire::sealed::SealedEnvelope(envelope(7, 32));
    let head = wire::sealed::SealedEnvelope(envelope(9, 64));
    json!({ "key": key, "head": head, "expected_revision": 0 })
}

async fn other_sites_cannot_change_anything(stores: Stores) {
    let server = Running::start(stores).await;
    let (_, cookie) = server.signed_in().await;
    let path = format!("/vault/collections/{}", CollectionId(random()));
    let own = format!("http://{}", server.serving.address());
    for (header, origin, expected) in [
        (None, None, 403),
        (Some("0"), None, 403),
        (Some("1"), Some("https://evil.test"), 403),
        (Some("1"), Some("null"), 403),
        (Some("1"), Some(own.as_str()), 200),
    ] {
        let mut request = server.client.put(server.url(&path)).header("cookie", &cookie).json(&collection());
        if let Some(header) = header {
            request = request.header(wire::GUARD_HEADER, header);
        }
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        assert_eq!(request.send().await.unwrap().status(), expected, "{header:?} {origin:?}");
    }
    server.stop().await;
}

async fn every_reply_has_the_headers(stores: Stores) {
    let server = Running::start(stores).await;
    for path in ["/health", "/openapi.json", "/no/such/route", "/vault/changes"] {
        let response = server.client.get(server.url(path)).send().await.unwrap();
        let headers = response.headers();
        assert_eq!(headers["content-security-policy"], server_api::headers::CONTENT_SECURITY_POLICY);
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["cross-origin-opener-policy"], "same-origin");
        assert_eq!(headers["referrer-policy"], "no-referrer");
        assert!(!headers.contains_key("strict-transport-security"), "not over http");
        assert!(!headers.contains_key("access-control-allow-origin"));
    }
    let missing = server.client.get(server.url("/no/such/route")).send().await.unwrap();
    assert_eq!(code(missing).await, (404, "not_found".to_owned()));
    let refused = server.client.get(server.url("/vault/changes")).send().await.unwrap();
    assert_eq!(code(refused).await, (401, "not_signed_in".to_owned()));
    let bad = server.request(Method::PUT, "/vault/collections/xyz");
    let (_, cookie) = server.signed_in().await;
    let bad = bad.header("cookie", &cookie).json(&collection()).send().await.unwrap();
    assert_eq!(code(bad).await, (400, "malformed".to_owned()));
    server.stop().await;
}

async fn put_blob(server: &Running, cookie: &str, id: BlobId, bytes: Vec<u8>) -> Response {
    let path = format!("/vault/blobs/{id}");
    server.request(Method::PUT, &path).header("cookie", cookie).body(bytes).send().await.unwrap()
}

async fn blobs_travel_both_ways(stores: Stores) {
    let server = Running::start(stores).await;
    let (_, cookie) = server.signed_in().await;
    let (id, bytes) = (BlobId(random()), envelope(10, 6 << 20));
    assert_eq!(put_blob(&server, &cookie, id, bytes.clone()).await.status(), 204);
    assert_eq!(put_blob(&server, &cookie, id, bytes.clone()).await.status(), 204, "repeating is fine");
    assert_eq!(code(put_blob(&server, &cookie, id, envelope(10, 10)).await).await.1, "stale");
    let got = server.ask(&cookie, Method::GET, &format!("/vault/blobs/{id}"), None).await;
    assert_eq!(got.headers()["content-type"], "application/octet-stream");
    assert!(got.bytes().await.unwrap() == bytes);
    let plain = put_blob(&server, &cookie, BlobId(random()), b"Dear Bob, in clear".to_vec()).await;
    assert_eq!(code(plain).await, (400, "not_sealed".to_owned()));
    let huge = put_blob(&server, &cookie, BlobId(random()), envelope(10, 65 << 20)).await;
    assert_eq!(code(huge).await, (413, "too_large".to_owned()));
    let beyond = put_blob(&server, &cookie, BlobId(random()), envelope(10, 63 << 20)).await;
    assert_eq!(code(beyond).await, (507, "quota_exceeded".to_owned()));
    server.stop().await;
}

async fn accounts_do_not_see_each_other(stores: Stores) {
    let server = Running::start(stores).await;
    let ((_, alice), (_, mallory)) = (server.signed_in().await, server.signed_in().await);
    let (blob, collection_id, item) = (BlobId(random()), CollectionId(random()), ItemId(random()));
    assert_eq!(put_blob(&server, &alice, blob, envelope(10, 900)).await.status(), 204);
    let at = format!("/vault/collections/{collection_id}");
    assert_eq!(server.ask(&alice, Method::PUT, &at, Some(collection())).await.status(), 200);
    let sealed = wire::sealed::SealedEnvelope(envelope(9, 100));
    let put = json!({ "expected_revision": 0, "sealed": sealed, "chunks": [blob] });
    let item_at = format!("{at}/items/{item}");
    assert_eq!(server.ask(&alice, Method::PUT, &item_at, Some(put.clone())).await.status(), 200);
    for (method, path, body) in [
        (Method::GET, format!("/vault/blobs/{blob}"), None),
        (Method::GET, format!("{at}/items"), None),
        (Method::PUT, item_at, Some(put)),
    ] {
        let refused = server.ask(&mallory, method, &path, body).await;
        assert_eq!(code(refused).await, (404, "not_found".to_owned()), "{path}");
    }
    for (path, pointer) in [("/vault/collections", ""), ("/vault/changes", "/changes")] {
        let body: Value = server.ask(&mallory, Method::GET, path, None).await.json().await.unwrap();
        assert_eq!(body.pointer(pointer), Some(&json!([])), "{path}");
    }
    // The same collection id in another account is another collection.
    assert_eq!(server.ask(&mallory, Method::PUT, &at, Some(collection())).await.status(), 200);
    server.stop().await;
}

/// The next `change` of an event stream.
async fn next_seq(response: &mut Response) -> Option<u64> {
    let mut text = String::new();
    loop {
        let chunk = tokio::time::timeout(Duration::from_secs(10), response.chunk()).await.expect("no event");
        text.push_str(std::str::from_utf8(&chunk.ok()??).unwrap());
        if let Some(data) = text.lines().find_map(|line| line.strip_prefix("data: "))
            && text.ends_with("\n\n")
        {
            return serde_json::from_str::<wire::vault::Notice>(data).ok().map(|notice| notice.seq);
        }
    }
}

async fn changes_reach_open_browsers(stores: Stores) {
    let server = Running::start(stores).await;
    let (_, cookie) = server.signed_in().await;
    let mut here = server.ask(&cookie, Method::GET, "/vault/events", None).await;
    assert_eq!(here.headers()["content-type"], "text/event-stream");
    assert_eq!(next_seq(&mut here).await, Some(0));
    // A second process on the same stores, where two are possible.
    let second = match server.stores.kind {
        Kind::Embedded => None,
        Kind::Scaled => Some(serve(server.stores.config.clone(), server.shutdown.clone()).await.unwrap()),
    };
    let mut there = None;
    if let Some(second) = &second {
        let url = format!("http://{}{}/vault/events", second.address(), wire::API);
        let mut stream = server.client.get(url).header("cookie", &cookie).send().await.unwrap();
        assert_eq!(next_seq(&mut stream).await, Some(0));
        there = Some(stream);
    }
    let at = format!("/vault/collections/{}", CollectionId(random()));
    assert_eq!(server.ask(&cookie, Method::PUT, &at, Some(collection())).await.status(), 200);
    assert_eq!(next_seq(&mut here).await, Some(1));
    if let Some(stream) = &mut there {
        assert_eq!(next_seq(stream).await, Some(1));
    }
    let body: Value =
        server.ask(&cookie, Method::GET, "/vault/changes?since=0", None).await.json().await.unwrap();
    assert_eq!((&body["seq"], &body["changes"][0]["kind"]), (&json!(1), &json!("collection")));
    server.stop().await;
}

async fn events_end_with_the_session_and_the_server(stores: Stores) {
    let server = Running::start(stores).await;
    let (_, cookie) = server.signed_in().await;
    let mut stream = server.ask(&cookie, Method::GET, "/vault/events", None).await;
    assert_eq!(next_seq(&mut stream).await, Some(0));
    let began = Instant::now();
    server.shutdown.cancel();
    assert_eq!(next_seq(&mut stream).await, None);
    server.serving.wait().await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

async fn a_stopped_server_keeps_what_it_acknowledged(stores: Stores) {
    let server = Running::start(stores).await;
    let (_, cookie) = server.signed_in().await;
    let (id, bytes) = (BlobId(random()), envelope(10, 5000));
    assert_eq!(put_blob(&server, &cookie, id, bytes.clone()).await.status(), 204);
    let address = server.serving.address();
    let stores = server.stop().await;
    assert!(reqwest::get(format!("http://{address}/")).await.is_err());
    let server = Running::start(stores).await;
    let got = server.ask(&cookie, Method::GET, &format!("/vault/blobs/{id}"), None).await;
    assert!(got.bytes().await.unwrap() == bytes);
    server.stop().await;
}

#[tokio::test]
async fn the_site_is_served_beside_the_api() {
    let mut stores = Stores::open(Kind::Embedded).await.unwrap();
    let dir = stores.dir().join("web");
    std::fs::create_dir_all(dir.join("assets")).unwrap();
    std::fs::write(dir.join("index.html"), "<!doctype html><title>x</title>").unwrap();
    std::fs::write(dir.join("assets/app-0123abcd.wasm"), "wasm").unwrap();
    std::fs::write(dir.join("assets/app-0123abcd.wasm.br"), "brotli").unwrap();
    stores.config.http.web_dir = Some(dir);
    stores.config.http.public_url = "https://mail.example.org".parse().unwrap();
    let server = Running::start(stores).await;
    let base = format!("http://{}", server.serving.address());
    let get = async |path: &str, encoding: &str| {
        server.client.get(format!("{base}{path}")).header("accept-encoding", encoding).send().await.unwrap()
    };
    for path in ["/", "/mail/inbox", "/login"] {
        let page = get(path, "identity").await;
        assert_eq!(page.status(), 200, "{path}");
        assert_eq!(page.headers()["cache-control"], "no-cache");
        assert!(page.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
        assert!(
            page.headers()["strict-transport-security"].to_str().unwrap().starts_with("max-age=63072000")
        );
        assert!(page.text().await.unwrap().contains("doctype"));
    }
    let asset = get("/assets/app-0123abcd.wasm", "br, gzip").await;
    assert_eq!(asset.headers()["cache-control"], "public, max-age=31536000, immutable");
    assert_eq!(asset.headers()["content-type"], "application/wasm");
    assert_eq!(asset.headers()["content-encoding"], "br");
    assert_eq!(asset.text().await.unwrap(), "brotli");
    assert_eq!(get("/assets/app-0123abcd.wasm", "identity").await.text().await.unwrap(), "wasm");
    for missing in ["/assets/none.js", "/favicon.ico", "/..%2fhedgerow.sqlite"] {
        assert_ne!(get(missing, "identity").await.status(), 200, "{missing}");
    }
    assert_eq!(get("/api/v1/none", "identity").await.status(), 404);
    server.stop().await;
}

#[tokio::test]
async fn every_documented_route_is_served_and_no_other_is_documented() {
    let names = server_api::openapi::route_names();
    // The tables in the documentation of `wire` are the contract.
    let mut documented: Vec<String> = [
        include_str!("../../crypto-core/wire/src/accounts.rs"),
        include_str!("../../crypto-core/wire/src/keys.rs"),
        include_str!("../../crypto-core/wire/src/mail.rs"),
        include_str!("../../crypto-core/wire/src/vault.rs"),
    ]
    .iter()
    .flat_map(|text| text.lines())
    .filter_map(|line| line.strip_prefix("//! | `"))
    .flat_map(|line| {
        let cell = line.split(" | ").next().unwrap();
        let method = cell.split(' ').next().unwrap().to_owned();
        cell.split('`')
            .filter_map(|piece| piece.find('/').map(|at| piece[at..].split('?').next().unwrap().to_owned()))
            .filter(|path| path.len() > 1)
            .map(move |path| format!("{method} {path}"))
            .collect::<Vec<_>>()
    })
    .collect();
    documented.push("GET /health".to_owned());
    documented.sort();
    let mut listed = names.clone();
    listed.sort();
    assert_eq!(listed, documented);

    let server = Running::start(Stores::open(Kind::Embedded).await.unwrap()).await;
    for name in names {
        let (method, path) = name.split_once(' ').unwrap();
        let path = path.replace("{address}", "a@hedgerow.test").replace("{id}", &"0".repeat(32));
        let path = path.replace("{item}", &"0".repeat(32));
        let response = server.request(method.parse().unwrap(), &path).json(&json!({})).send().await.unwrap();
        let status = response.status().as_u16();
        assert!(matches!(status, 200 | 400 | 401), "{name} answers {status}");
    }
    let text = server.client.get(server.url("/openapi.json")).send().await.unwrap().text().await.unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    // Every reference leads somewhere.
    for reference in text.split("\"#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(document["components"]["schemas"].get(name).is_some(), "{name} is missing");
    }
    server.stop().await;
}

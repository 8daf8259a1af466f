//! Requests that one parser takes for one and another for two, and other malformed requests.

use std::time::Duration;

use super::site::Site;

/// Returns the status of each answer.
fn statuses(told: &str) -> Vec<&str> {
    told.split("HTTP/1.1 ")
        .skip(1)
        .map(|answer| &answer[..3])
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn ambiguous_requests_reach_no_guest() {
    let site = Site::new().await;
    for (what, request) in [
        (
            "two lengths",
            "POST /count HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabcd",
        ),
        (
            "a list of lengths",
            "POST /count HTTP/1.1\r\nhost: a\r\ncontent-length: 3, 4\r\n\r\nabcd",
        ),
        (
            "a length with a sign",
            "POST /count HTTP/1.1\r\nhost: a\r\ncontent-length: +3\r\n\r\nabc",
        ),
        (
            "a length that is not a number",
            "POST /count HTTP/1.1\r\nhost: a\r\ncontent-length: 0x3\r\n\r\nabc",
        ),
        (
            "an encoding that is unknown",
            "POST /count HTTP/1.1\r\nhost: a\r\ntransfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
        ),
        (
            "chunked, and not last",
            "POST /count HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
        ),
        (
            "a folded line",
            "GET / HTTP/1.1\r\nhost: a\r\nx-said: one\r\n two\r\n\r\n",
        ),
        (
            "a space before the colon",
            "GET / HTTP/1.1\r\nhost: a\r\ncontent-length : 3\r\n\r\nabc",
        ),
        (
            "a bare carriage return",
            "GET / HTTP/1.1\r\nhost: a\r\nx-said: one\rtwo\r\n\r\n",
        ),
        (
            "a zero byte",
            "GET / HTTP/1.1\r\nhost: a\r\nx-said: one\0two\r\n\r\n",
        ),
        ("no host", "GET / HTTP/1.1\r\n\r\n"),
        ("two hosts", "GET http://b/ HTTP/1.1\r\nhost: a\r\n\r\n"),
        (
            "two lines of hosts",
            "GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n",
        ),
        (
            "the same host twice",
            "GET / HTTP/1.1\r\nhost: a\r\nhost: a\r\n\r\n",
        ),
        ("a list of hosts", "GET / HTTP/1.1\r\nhost: a, b\r\n\r\n"),
        ("a host with a user", "GET / HTTP/1.1\r\nhost: u@a\r\n\r\n"),
        ("a host with a path", "GET / HTTP/1.1\r\nhost: a/b\r\n\r\n"),
        ("no method", " / HTTP/1.1\r\nhost: a\r\n\r\n"),
        ("an invalid method", "G@T / HTTP/1.1\r\nhost: a\r\n\r\n"),
        ("another HTTP", "GET / HTTP/3.7\r\nhost: a\r\n\r\n"),
        ("spaces in the path", "GET /a b HTTP/1.1\r\nhost: a\r\n\r\n"),
        ("no HTTP", "hello\r\n\r\n"),
    ] {
        let told = site.send_raw(request.as_bytes()).await;
        assert_eq!(statuses(&told), ["400"], "{what}: {told}");
    }
    assert_eq!(
        site.web.status().calls_admitted,
        7,
        "requests without a host or with two were admitted before being refused"
    );
}

/// With both a length and an encoding, or with a second host, the guest never receives the bytes
/// that follow as a separate request.
#[tokio::test(flavor = "multi_thread")]
async fn no_request_is_smuggled_behind_a_body() {
    let site = Site::new().await;
    // By the length the hidden request is part of the body; by the encoding it is a second request.
    let hidden = "0\r\n\r\nGET /hidden HTTP/1.1\r\nhost: a\r\n\r\n";
    let length = format!("content-length: {}\r\n", hidden.len());
    let ask = async |head: &str| {
        site.send_raw(format!("POST /count HTTP/1.1\r\nhost: a\r\n{head}\r\n{hidden}").as_bytes())
            .await
    };
    let chunked = "transfer-encoding: chunked\r\n";
    for both in [format!("{length}{chunked}"), format!("{chunked}{length}")] {
        let told = ask(&both).await;
        assert_eq!(
            statuses(&told),
            ["200"],
            "the encoding takes precedence over the length: {told}"
        );
        assert!(
            told.contains("0 bytes") && told.contains("connection: close"),
            "and there is no second answer: {told}"
        );
    }
    for head in [
        "transfer-encoding: chunked, chunked\r\n",
        "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n",
        "transfer-encoding: identity, chunked\r\n",
    ] {
        let told = ask(head).await;
        assert_eq!(statuses(&told).first(), Some(&"400"), "{head}: {told}");
        assert!(!told.contains(" 404 "), "{head}: {told}");
    }
    let paths: Vec<String> = site
        .accesses
        .take_all()
        .into_iter()
        .map(|access| access.path)
        .collect();
    assert!(
        paths.iter().all(|path| path == "/count"),
        "the hidden request was not served: {paths:?}"
    );
    // A chunk that is larger than its size.
    let told = site.send_raw(
        b"POST /count HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabcdef\r\n0\r\n\r\n",
    );
    let told = told.await;
    assert!(!told.contains("6 bytes"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn unusual_methods_and_the_absolute_form_are_answered() {
    let site = Site::new().await;
    for request in [
        "BREW / HTTP/1.1\r\nhost: a\r\n\r\n",
        "GET http://a/ HTTP/1.1\r\nhost: a\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nhost: a\r\n\r\n",
        "GET / HTTP/1.0\r\nhost: a\r\n\r\n",
    ] {
        let told = site.send_raw(request.as_bytes()).await;
        assert!(
            !told.contains(" 400 ") && !told.contains(" 500 "),
            "{request}: {told}"
        );
    }
    let told = site
        .send_raw(b"GET https://a/who HTTP/1.1\r\nhost: a\r\n\r\n")
        .await;
    assert!(
        told.contains("Some(Scheme::Http) a /who"),
        "the client cannot choose the scheme: {told}"
    );
}

/// A header value of a guest cannot become two headers, nor a body.
#[tokio::test(flavor = "multi_thread")]
async fn a_guest_cannot_split_an_answer() {
    let site = Site::new().await;
    for value in ["a%0d%0ax-more:%20b", "a%0ab", "a%0db", "a%00b"] {
        let answer = site.get(&format!("/header?{value}")).await;
        assert!(
            answer.text.contains("InvalidSyntax"),
            "{value}: {}",
            answer.text
        );
    }
    assert_eq!(site.get("/header?fine").await.text, "taken\n");
    let flood = site.get("/flood?1000").await;
    assert!(flood.status == 500, "{}", flood.status);
    assert_eq!(site.get("/").await.status, 200);
}

/// A guest that answers a second time is stopped, and its first answer is not taken for a complete
/// one.
#[tokio::test(flavor = "multi_thread")]
async fn a_guest_cannot_answer_twice() {
    let site = Site::new().await;
    let told = site
        .send_raw(b"GET /twice HTTP/1.1\r\nhost: a\r\n\r\n")
        .await;
    assert_eq!(statuses(&told).len(), 1, "{told}");
    assert!(
        !told.contains("twice") && (told.contains(" 500 ") || !told.ends_with("0\r\n\r\n")),
        "{told}"
    );
    assert!(
        site.accesses.next_of_path("/twice").await.is_complete == told.contains(" 500 "),
        "{told}"
    );
    site.wait_until_idle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_is_too_large_is_refused() {
    let site = Site::new().await;
    let many: String = (0..200)
        .map(|number| format!("x-{number}: y\r\n"))
        .collect();
    let told = site
        .send_raw(format!("GET / HTTP/1.1\r\nhost: a\r\n{many}\r\n").as_bytes())
        .await;
    assert_eq!(statuses(&told), ["431"], "{told}");
    let long = "x".repeat(300 << 10);
    let told = site
        .send_raw(format!("GET / HTTP/1.1\r\nhost: a\r\nx-long: {long}\r\n\r\n").as_bytes())
        .await;
    assert_eq!(statuses(&told), ["431"], "{told}");
    let told = site
        .send_raw(format!("GET /{long} HTTP/1.1\r\nhost: a\r\n\r\n").as_bytes())
        .await;
    assert!(["414", "431"].contains(&statuses(&told)[0]), "{told}");
    tokio::time::sleep(Duration::from_millis(10)).await;
    assert_eq!(site.web.status().calls_admitted, 0);
}

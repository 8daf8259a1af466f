//! HTTP answers that are complete although their guest exited, and incomplete ones, each of which
//! reports its cause in an event.

use std::time::Duration;

use airssys_wasm_host::{CallEnd, Instancing, Limits};

use super::site::Site;
use crate::support::failures;

#[tokio::test(flavor = "multi_thread")]
async fn complete_answer_is_kept_whatever_the_exit_code() {
    for instancing in [Instancing::PerCall, Instancing::pooled(1)] {
        let site = Site::serving_guest("http-v1", Limits::default(), instancing).await;
        let mut events = site.host.events();
        let answer = site.get("/exit-answered?0").await;
        assert_eq!(
            (answer.status.as_u16(), answer.text.as_str()),
            (200, "answered\n")
        );
        assert_eq!(failures(&mut events), [], "success is no failure");
        let answer = site.get("/exit-answered?3").await;
        assert_eq!(
            (answer.status.as_u16(), answer.text.as_str()),
            (200, "answered\n")
        );
        let told = failures(&mut events);
        assert!(matches!(&told[..], [(CallEnd::Exited(3), _)]), "{told:?}");
        assert_eq!(
            site.get("/count-calls").await.text,
            "1\n",
            "answered by another instance"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn incomplete_answer_reports_its_cause_in_an_event() {
    let site = Site::new().await;
    let mut events = site.host.events();
    for (path, status, end, why) in [
        (
            "/exit?0",
            500,
            CallEnd::ResponseMissing,
            "without responding",
        ),
        ("/exit?3", 500, CallEnd::Exited(3), "exited with code 3"),
        (
            "/exit-unfinished?0",
            500,
            CallEnd::BodyUnfinished,
            "did not finish its response body",
        ),
        (
            "/exit-unfinished?3",
            500,
            CallEnd::Exited(3),
            "exited with code 3",
        ),
        ("/none", 500, CallEnd::ResponseMissing, "without responding"),
        (
            "/leak",
            500,
            CallEnd::BodyUnfinished,
            "did not finish its response body",
        ),
        (
            "/forget?10",
            500,
            CallEnd::BodyUnfinished,
            "did not finish its response body",
        ),
        ("/short", 500, CallEnd::WrongLength, "3 bytes instead of 5"),
        (
            "/error",
            502,
            CallEnd::ReturnedError,
            "returned an error instead of a response",
        ),
        ("/trap", 500, CallEnd::Trapped, "trapped"),
    ] {
        assert_eq!(site.get(path).await.status, status, "{path}");
        let told = failures(&mut events);
        let is_told = matches!(&told[..], [(it, reason)] if *it == end && reason.contains(why));
        assert!(is_told, "{path}: {told:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn service_that_exits_without_an_answer_is_reported() {
    let site = Site::serving_guest("http-service", Limits::default(), Instancing::PerCall).await;
    let mut events = site.host.events();
    for (path, end) in [
        ("/exit?0", CallEnd::ResponseMissing),
        ("/exit?1", CallEnd::Exited(1)),
    ] {
        assert_eq!(site.get(path).await.status, 500, "{path}");
        let told = failures(&mut events);
        assert!(
            matches!(&told[..], [(it, _)] if *it == end),
            "{path}: {told:?}"
        );
    }
}

/// A guest that ends at the deadline of the request, before that of a call, names the former.
#[tokio::test(flavor = "multi_thread")]
async fn the_deadline_of_a_request_is_reported_by_its_name() {
    for path in ["/hang", "/spin"] {
        let site = Site::with_limits(Limits {
            http_deadline: Duration::from_millis(200),
            ..Limits::default()
        })
        .await;
        let mut events = site.host.events();
        assert_eq!(site.get(path).await.status, 504, "{path}");
        let told = failures(&mut events);
        let [(CallEnd::DeadlineExceeded, reason)] = &told[..] else {
            panic!("{path}: {told:?}");
        };
        assert!(
            reason.contains("`http_deadline` is 200ms"),
            "{path}: {reason}"
        );
    }
}

//! Files, sockets and connections that guests have open count against their deployment's share of
//! the host's budget.

use airssys_wasm_host::{Budget, Deployment, Host};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::http::{CountingServer, PLAIN};
use super::probe::{RecordedDecisions, attempt, builder, deploy, probe};

/// Builds a host whose guests share six descriptors, three of which one deployment may use.
fn host(record: &RecordedDecisions) -> Host {
    let budget = Budget {
        descriptors: 6,
        share_percent: 50,
        ..Budget::from_machine()
    };
    builder()
        .budget(budget)
        .audit_log(record.clone())
        .build()
        .expect("a host")
}

async fn deploy_granted(host: &Host, name: &str, rule: &str) -> Deployment {
    deploy(host, probe(&[]).with_name(name).expect("a name"), &[rule]).await
}

/// Deployments open descriptors: the first up to its share, the second the rest, and the third none
/// until some are released. Refusals are recorded.
async fn assert_bounded(rule: &str, many: &[&str], code: &str) {
    let record = RecordedDecisions::default();
    let host = host(&record);
    let (one, other) = (
        deploy_granted(&host, "one", rule).await,
        deploy_granted(&host, "other", rule).await,
    );
    for deployment in [&one, &other, &one] {
        let refused = attempt(deployment, &[many, &["4"]].concat())
            .await
            .expect_err("its share is three");
        assert!(
            refused.starts_with("3 were opened") && refused.contains(code),
            "{refused}"
        );
        let opened = attempt(deployment, &[many, &["3"]].concat()).await;
        assert_eq!(opened, Ok("3 were opened".into()), "they were released");
        while deployment.status().descriptors > 0 {
            // Connections are closed by a separate task.
            tokio::task::yield_now().await;
        }
    }
    let refusals = record
        .lines()
        .iter()
        .filter(|line| line.contains("its share of the host's budget"))
        .count();
    assert_eq!(refusals, 3, "{:?}", record.lines());
}

#[tokio::test]
async fn files_are_bounded() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("file"), "text").expect("a file");
    let rule = format!("file-read /d from={}", folder.path().display());
    assert_bounded(&rule, &["open-many", "/d/file"], "quota").await;
}

#[tokio::test]
async fn sockets_are_bounded() {
    assert_bounded("udp 127.0.0.1:9", &["udp-many", "0.0.0.0:0"], "descriptors").await;
}

/// Starts a server that answers any number of requests on a connection, and returns its URL.
async fn server_url() -> String {
    format!(
        "http://{}/",
        CountingServer::start(usize::MAX, PLAIN).await.address
    )
}

#[tokio::test]
async fn connections_are_bounded() {
    let url = server_url().await;
    assert_bounded(
        "http GET http://127.0.0.1:*/**",
        &["http-many", &url],
        "ConnectionLimitReached",
    )
    .await;
}

/// Idle connections count, and are closed to make room for new ones.
#[tokio::test]
async fn idle_connections_are_closed_for_new_ones() {
    let host = host(&RecordedDecisions::default());
    let fetcher = deploy_granted(&host, "fetcher", "http GET http://127.0.0.1:*/**").await;
    for _ in 0..10 {
        let url = server_url().await;
        assert_eq!(
            attempt(&fetcher, &["http", "GET", &url]).await,
            Ok("200 hello".into())
        );
        assert!(fetcher.status().descriptors <= 3);
    }
}

/// A descriptor that one deployment has open is unavailable to the others, and all together have no
/// more than the host allows.
#[tokio::test]
async fn all_deployments_share_the_budget() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("file"), "text").expect("a file");
    let budget = Budget {
        descriptors: 1,
        share_percent: 100,
        ..Budget::from_machine()
    };
    let host = builder().budget(budget).build().expect("a host");
    let rule = format!("file-read /d from={}", folder.path().display());
    let (one, other) = (
        deploy_granted(&host, "one", &rule).await,
        deploy_granted(&host, "other", &rule).await,
    );
    attempt(&one, &["keep", "/d/file"])
        .await
        .expect("it is kept");
    assert_eq!(one.status().descriptors, 1);
    let refused = attempt(&other, &["read", "/d/file"])
        .await
        .expect_err("none is left");
    assert!(refused.contains("quota"), "{refused}");
    // The instance that holds it is dropped with its deployment.
    host.remove("one").await.expect("removed");
    while attempt(&other, &["read", "/d/file"]).await.is_err() {
        tokio::task::yield_now().await;
    }
}

/// A connection that its server has closed has returned its descriptor already, so that nothing is
/// freed by closing it.
#[tokio::test]
async fn a_connection_that_its_server_has_closed_is_not_waited_for() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("file"), "text").expect("a file");
    let budget = Budget {
        descriptors: 1,
        share_percent: 100,
        ..Budget::from_machine()
    };
    let host = builder().budget(budget).build().expect("a host");
    let file = format!("file-read /d from={}", folder.path().display());
    let rules = [file.as_str(), "http GET http://127.0.0.1:*/**"];
    let deployment = deploy(&host, probe(&[]), &rules).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let read = stream.read(&mut [0; 2048]).await.expect("a request");
        assert!(read > 0, "the client has closed the connection");
        stream.write_all(PLAIN.as_bytes()).await.expect("sent");
        stream
    });
    assert_eq!(
        attempt(&deployment, &["http", "GET", &url]).await,
        Ok("200 hello".into())
    );
    drop(server.await.expect("a server"));
    while deployment.status().descriptors > 0 {
        tokio::task::yield_now().await;
    }
    attempt(&deployment, &["keep", "/d/file"])
        .await
        .expect("the descriptor was returned");
    let refused = attempt(&deployment, &["http", "GET", &server_url().await])
        .await
        .expect_err("no descriptor is left");
    assert!(refused.contains("ConnectionLimitReached"), "{refused}");
}

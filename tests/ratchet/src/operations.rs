//! The operations whose instructions are counted, each with its set-up.

use std::path::PathBuf;
use std::pin::Pin;

use airssys_wasm_core::policy::{FileAccess, Grants, Operation, Policy};
use airssys_wasm_core::{Need, Requests, Rule};
use airssys_wasm_host::pipeline::{ComponentPipeline, Lane, StageOptions};
use airssys_wasm_host::{Host, Instancing};
use airssys_wasm_tests::guests::guest;
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, Empty};

type Running = Pin<Box<dyn Future<Output = ()>>>;
type Operate = fn(PathBuf, usize) -> Running;

const ADD: &str = "plain-bindgen";
const DOUBLE: &str = "demo:stages/stages@1.0.0#double";

/// The operation of a row of the table.
pub(crate) fn find(row: &str) -> Option<Operate> {
    let operation: Operate = match row {
        "warm-call" => |cache, count| Box::pin(calls(cache, Instancing::pooled(1), count)),
        "fresh-instance" => |cache, count| Box::pin(calls(cache, Instancing::PerCall, count)),
        "link" => |cache, count| Box::pin(links(cache, count)),
        "typed-hop" => |cache, count| Box::pin(items(cache, Lane::Typed, count)),
        "fused-hop" => |cache, count| Box::pin(items(cache, Lane::Fused, count)),
        "http-request" => |cache, count| Box::pin(requests(cache, count)),
        "update" => |cache, count| Box::pin(updates(cache, count)),
        "decision" => |_, count| Box::pin(decisions(count)),
        _ => return None,
    };
    Some(operation)
}

fn host(cache: PathBuf) -> Host {
    let builder = Host::builder().pooled_instances_max(8).code_cache(cache);
    builder.build().expect("a host")
}

/// A typed call of `add(u32, u32)`.
async fn calls(cache: PathBuf, instancing: Instancing, count: usize) {
    let host = host(cache);
    let deployment = host.deploy(guest(ADD)).instancing(instancing);
    let deployment = deployment.await.expect("deployed");
    let add = deployment.function::<(u32, u32), (u32,)>("add");
    let add = add.expect("exported");
    for _ in 0..count {
        assert_eq!(add.call((20, 22)).await.expect("an answer"), (42,));
    }
}

/// A call whose callee calls another deployment's function.
async fn links(cache: PathBuf, count: usize) {
    let host = host(cache);
    let store = host
        .deploy(guest("store-v1"))
        .instancing(Instancing::pooled(1));
    store.await.expect("deployed");
    let grants = Grants::new().allow("call acme:store/kv").expect("a rule");
    let caller = host.deploy(guest("store-caller")).grants(grants);
    let caller = caller.instancing(Instancing::pooled(1));
    let caller = caller.await.expect("deployed");
    let add = caller
        .function::<(u32, u32), (u32,)>("add")
        .expect("exported");
    for _ in 0..count {
        assert_eq!(add.call((20, 22)).await.expect("an answer"), (42,));
    }
}

/// An item through two stages.
async fn items(cache: PathBuf, lane: Lane, count: usize) {
    let host = host(cache);
    let options = || match lane {
        Lane::Fused => StageOptions::new().function(DOUBLE),
        // Stages that work on several items at once are not fused.
        _ => StageOptions::new().function(DOUBLE).concurrency(2),
    };
    let pipeline = ComponentPipeline::builder()
        .add_component_with("first", guest("plain-stages"), options())
        .add_component_with("second", guest("plain-stages"), options())
        .connect("first.output", "second.input");
    let pipeline = pipeline.build().expect("a pipeline");
    let pipeline = host.pipelines().deploy(pipeline).await.expect("deployed");
    assert_eq!(pipeline.pipeline().edges()[0].lane(), lane);
    for _ in 0..count {
        let outcome = pipeline.call(1u32).await.expect("an outcome");
        outcome.into_item().expect("an item");
    }
}

/// A request from `Request` to the last byte of the response, without a socket.
async fn requests(cache: PathBuf, count: usize) {
    let host = host(cache);
    let component = guest("plain-web").with_name("web").expect("a name");
    let web = host.deploy(component).instancing(Instancing::pooled(1));
    web.await.expect("deployed");
    let service = host.http().service("web").expect("it answers requests");
    for _ in 0..count {
        let request = Request::get("http://localhost/hello").body(Empty::<Bytes>::new());
        let response = service.handle(request.expect("a request")).await;
        assert!(response.status().is_success());
        response.into_body().collect().await.expect("a body");
    }
}

/// An update to a component whose code is compiled, and a call.
async fn updates(cache: PathBuf, count: usize) {
    let host = host(cache);
    let versions = [guest("greeter-v2"), guest("greeter-v1")];
    let greeter = host.deploy(versions[1].clone()).await.expect("deployed");
    let greet = greeter.function::<(String,), (String,)>("greet");
    let greet = greet.expect("exported");
    for version in versions.iter().cycle().take(count) {
        let update = host.update("greeter", version.clone()).any_version();
        drop(update.await.expect("updated"));
        greet.call(("Ada".into(),)).await.expect("an answer");
    }
}

/// A decision about a file among a hundred grants of which the last one fits.
async fn decisions(count: usize) {
    let rule = |n| format!("file-read /data/part{n}").parse().expect("a rule");
    let rules: Vec<Rule> = (0..100).map(rule).collect();
    let grants = rules.iter().cloned().fold(Grants::new(), Grants::with_rule);
    let requests = rules.into_iter().map(|rule| (rule, Need::Required));
    let policy = Policy::new(requests.collect::<Requests>(), grants);
    let operation = Operation::File {
        access: FileAccess::Read,
        path: "/data/part99/a.csv".into(),
    };
    for _ in 0..count {
        assert!(policy.decide(&operation, 0).is_allowed());
    }
}

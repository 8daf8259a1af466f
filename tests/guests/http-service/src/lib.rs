//! A component without SDK and custom sections that answers HTTP requests by WASI 0.3.

use wasip3::cli::stdout;
use wasip3::clocks::monotonic_clock::wait_for;
use wasip3::exports::http::handler::Guest;
use wasip3::http::client;
use wasip3::http::types::{ErrorCode, Fields, Request, Response, Scheme, Trailers};
use wasip3::random::random::get_random_bytes;
use wasip3::wit_bindgen::{StreamResult, StreamWriter, spawn_local};
use wasip3::{wit_future, wit_stream};

struct Service;

wasip3::http::service::export!(Service);

impl Guest for Service {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        let path = request.get_path_with_query().unwrap_or_default();
        let (path, query) = path.split_once('?').unwrap_or((&path, ""));
        match path.rsplit('/').next().unwrap_or_default() {
            "" => Ok(text("hello from 3.0.0\n".into())),
            "who" => Ok(text(who(&request))),
            "count" => Ok(text(count(request).await)),
            "echo" => Ok(echo(request)),
            "big" => Ok(big(number(query))),
            "trailers" => Ok(trailers()),
            "sleep" => {
                nap(number(query)).await;
                Ok(text("slept\n".into()))
            }
            "after" => Ok(after(number(query))),
            "error" => Err(ErrorCode::ConnectionRefused),
            "trap" => panic!("it traps"),
            "exit" => std::process::exit(i32::from(query != "0")),
            "half" => Ok(half(number(query))),
            "hang" => {
                nap(u64::MAX / 2_000_000).await;
                Ok(text("never\n".into()))
            }
            "hang-half" => Ok(answer(async |body| {
                body.write_all(b"some".to_vec()).await;
                nap(u64::MAX / 2_000_000).await;
            })),
            "spin" => spin(),
            "sized" => Ok(sized(number(query))),
            "count-calls" => Ok(text(count_calls())),
            "flood-log" => Ok(flood_log(number(query)).await),
            "random" => Ok(text(format!("{}\n", get_random_bytes(number(query)).len()))),
            "hoard" => Ok(hoard(number(query))),
            "fetch" => fetch(query).await,
            _ => Ok(text("not found\n".into())),
        }
    }
}

fn number(query: &str) -> u64 {
    query.parse().unwrap_or_default()
}

async fn nap(milliseconds: u64) {
    wait_for(milliseconds.saturating_mul(1_000_000)).await;
}

/// Returns a response whose body is written concurrently.
fn answer(body: impl AsyncFnOnce(&mut StreamWriter<u8>) + 'static) -> Response {
    let (mut writer, reader) = wit_stream::new();
    let (trailers, told) = wit_future::new(|| Ok(None));
    let headers = Fields::new();
    headers.append("x-version", b"3.0.0").expect("a header");
    let (response, _sent) = Response::new(headers, Some(reader), told);
    drop(trailers);
    spawn_local(async move { body(&mut writer).await });
    response
}

fn text(text: String) -> Response {
    answer(async move |body| drop(body.write_all(text.into_bytes()).await))
}

fn who(request: &Request) -> String {
    let mut told = format!(
        "{:?} {:?} {} {}\n",
        request.get_method(),
        request.get_scheme(),
        request.get_authority().unwrap_or_default(),
        request.get_path_with_query().unwrap_or_default()
    );
    for (name, value) in request.get_headers().copy_all() {
        told += &format!("{name}: {}\n", String::from_utf8_lossy(&value));
    }
    told
}

async fn count(request: Request) -> String {
    let (_sent, result) = wit_future::new(|| Ok(()));
    let (mut body, trailers) = Request::consume_body(request, result);
    let (mut bytes, mut wrong) = (0_u64, 0_u64);
    loop {
        let (status, piece) = body.read(Vec::with_capacity(64 << 10)).await;
        for byte in piece {
            wrong += u64::from(byte != (bytes % 251) as u8);
            bytes += 1;
        }
        if !matches!(status, StreamResult::Complete(_)) {
            break;
        }
    }
    let more = trailers
        .await
        .ok()
        .flatten()
        .map(|fields| fields.copy_all().len())
        .unwrap_or_default();
    format!("{bytes} bytes, {wrong} wrong, {more} trailers\n")
}

/// Echoes the body as it arrives, and the trailers after it.
fn echo(request: Request) -> Response {
    let (_sent, result) = wit_future::new(|| Ok(()));
    let (body, trailers) = Request::consume_body(request, result);
    let headers = Fields::new();
    headers.append("x-version", b"3.0.0").expect("a header");
    Response::new(headers, Some(body), trailers).0
}

async fn write_pattern(body: &mut StreamWriter<u8>, bytes: u64) {
    let mut written = 0;
    while written < bytes {
        let most = (bytes - written).min(64 << 10);
        let piece: Vec<u8> = (written..written + most)
            .map(|place| (place % 251) as u8)
            .collect();
        if !body.write_all(piece).await.is_empty() {
            return;
        }
        written += most;
    }
}

fn big(bytes: u64) -> Response {
    answer(async move |body| write_pattern(body, bytes).await)
}

/// Traps in the middle of a body.
fn half(bytes: u64) -> Response {
    answer(async move |body| {
        write_pattern(body, bytes).await;
        panic!("it traps in the middle");
    })
}

fn trailers() -> Response {
    let (mut writer, reader) = wit_stream::new();
    let (trailers, told) = wit_future::new(|| Ok(None));
    let headers = Fields::new();
    headers.append("trailer", b"x-sum").expect("a header");
    let (response, _sent) = Response::new(headers, Some(reader), told);
    spawn_local(async move {
        writer.write_all(b"three\n".to_vec()).await;
        drop(writer);
        let fields = Trailers::new();
        fields.append("x-sum", b"3").expect("a trailer");
        drop(trailers.write(Ok(Some(fields))).await);
    });
    response
}

/// Continues after its answer is complete.
fn after(milliseconds: u64) -> Response {
    let response = text("answered\n".into());
    spawn_local(async move {
        nap(milliseconds).await;
        println!("done after its answer");
    });
    response
}

fn spin() -> ! {
    let mut turns = 0_u64;
    loop {
        turns = std::hint::black_box(turns.wrapping_add(1));
    }
}

/// Declares the length of its body, and continues after it is written.
fn sized(bytes: u64) -> Response {
    let (mut writer, reader) = wit_stream::new();
    let (trailers, told) = wit_future::new(|| Ok(None));
    let headers = Fields::new();
    headers
        .append("content-length", bytes.to_string().as_bytes())
        .expect("a header");
    let (response, _sent) = Response::new(headers, Some(reader), told);
    spawn_local(async move {
        write_pattern(&mut writer, bytes).await;
        nap(20).await;
        drop((writer, trailers));
    });
    response
}

/// Returns the number of requests that this instance has served.
fn count_calls() -> String {
    static CALLS: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    format!(
        "{}\n",
        CALLS.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1
    )
}

/// Prints `kilobytes` KiB through the stream of WASI 0.3.
async fn flood_log(kilobytes: u64) -> Response {
    let (mut writer, reader) = wit_stream::new();
    spawn_local(async move {
        let _ = stdout::write_via_stream(reader).await;
    });
    for _ in 0..kilobytes {
        writer.write_all([&[b'x'; 1023][..], b"\n"].concat()).await;
    }
    text("printed\n".into())
}

/// Holds streams that are never passed on.
fn hoard(streams: u64) -> Response {
    let held: Vec<_> = (0..streams).map(|_| wit_stream::new::<u8>()).collect();
    text(format!("{} held\n", held.len()))
}

async fn fetch(authority: &str) -> Result<Response, ErrorCode> {
    let (trailers, told) = wit_future::new(|| Ok(None));
    let (request, _sent) = Request::new(Fields::new(), None, told, None);
    drop(trailers);
    request.set_scheme(Some(&Scheme::Http)).expect("a scheme");
    request
        .set_authority(Some(authority))
        .expect("an authority");
    request.set_path_with_query(Some("/")).expect("a path");
    let response = client::send(request).await?;
    let (_read, result) = wit_future::new(|| Ok(()));
    let (body, trailers) = Response::consume_body(response, result);
    Ok(Response::new(Fields::new(), Some(body), trailers).0)
}

//! Answers requests by path, as a correct web service would, and as a faulty or malicious one.

use wasip2::cli::exit::exit_with_code;
use wasip2::clocks::monotonic_clock::subscribe_duration;
use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{
    ErrorCode, Fields, FutureTrailers, IncomingBody, IncomingRequest, OutgoingBody,
    OutgoingResponse, ResponseOutparam,
};
use wasip2::io::streams::{InputStream, OutputStream, StreamError};

/// The version, which distinguishes `http-v1` from `http-v2`.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The contents of bodies, of a prime length so that lost or duplicated pieces are detected.
const PATTERN: [u8; 251] = {
    let mut pattern = [0; 251];
    let mut place = 0;
    while place < pattern.len() {
        pattern[place] = place as u8;
        place += 1;
    }
    pattern
};

struct Web;

wasip2::http::proxy::export!(Web);

impl Guest for Web {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let path = request.path_with_query().unwrap_or_default();
        let (path, query) = path.split_once('?').unwrap_or((&path, ""));
        match path.rsplit('/').next().unwrap_or_default() {
            "" => text(out, &format!("hello from {VERSION}\n")),
            "page" => page(out),
            "who" => text(out, &who(&request)),
            "count" => count(request, out),
            "echo" => echo(request, out),
            "big" => big(out, number(query)),
            "empty" => finish(begin(out, 204, &[]), None),
            "trailers" => trailers(out),
            "sleep" => sleep(out, number(query)),
            "header" => header(out, query),
            "flood" => flood(out, number(query)),
            "after" => after(out, number(query)),
            "none" => drop(out),
            "error" => ResponseOutparam::set(out, Err(ErrorCode::ConnectionRefused)),
            "trap" => panic!("it traps"),
            "half" => half(out, number(query)),
            "leak" => leak(out),
            "forget" => forget(out, number(query)),
            "lie" => lie(out),
            "short" => short(out),
            "exit" => exit_with_code(number(query) as u8),
            "exit-answered" => exit_answered(out, number(query) as u8),
            "exit-unfinished" => exit_unfinished(out, number(query) as u8),
            "twice" => twice(out),
            "sized" => sized(out, number(query)),
            "hang" => nap(u64::MAX / 2),
            "hang-half" => hang_half(out),
            "spin" => spin(),
            "count-calls" => count_calls(out),
            _ => finish(begin(out, 404, &[]), None),
        }
    }
}

fn number(query: &str) -> u64 {
    query.parse().unwrap_or_default()
}

fn nap(milliseconds: u64) {
    subscribe_duration(milliseconds.saturating_mul(1_000_000)).block();
}

/// Sends the head of the answer, with the version and more headers.
fn begin(out: ResponseOutparam, status: u16, more: &[(&str, &str)]) -> OutgoingBody {
    let headers = Fields::new();
    headers
        .append("x-version", VERSION.as_bytes())
        .expect("a header");
    for (name, value) in more {
        headers.append(name, value.as_bytes()).expect("a header");
    }
    let response = OutgoingResponse::new(headers);
    response.set_status_code(status).expect("a status");
    let body = response.body().expect("not taken before");
    ResponseOutparam::set(out, Ok(response));
    body
}

fn finish(body: OutgoingBody, trailers: Option<Fields>) {
    OutgoingBody::finish(body, trailers).expect("the declared length was written");
}

fn text(out: ResponseOutparam, text: &str) {
    let body = begin(out, 200, &[("content-type", "text/plain")]);
    body.write()
        .expect("not taken before")
        .blocking_write_and_flush(text.as_bytes())
        .expect("written");
    finish(body, None);
}

/// Sends a page for a browser.
fn page(out: ResponseOutparam) {
    let body = begin(out, 200, &[("content-type", "text/html")]);
    let page = include_bytes!("page.html");
    body.write()
        .expect("not taken before")
        .blocking_write_and_flush(page)
        .expect("written");
    finish(body, None);
}

fn who(request: &IncomingRequest) -> String {
    let mut told = format!(
        "{:?} {:?} {} {}\n",
        request.method(),
        request.scheme(),
        request.authority().unwrap_or_default(),
        request.path_with_query().unwrap_or_default()
    );
    for (name, value) in request.headers().entries() {
        told += &format!("{name}: {}\n", String::from_utf8_lossy(&value));
    }
    told
}

/// Passes the pieces of a body to `each`, up to its end or to the point where it was cut off.
fn pieces(stream: &InputStream, mut each: impl FnMut(&[u8])) -> Result<(), StreamError> {
    loop {
        match stream.blocking_read(64 << 10) {
            Ok(piece) => each(&piece),
            Err(StreamError::Closed) => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

fn count(request: IncomingRequest, out: ResponseOutparam) {
    let body = request.consume().expect("not taken before");
    let stream = body.stream().expect("not taken before");
    let (mut bytes, mut wrong) = (0_u64, 0_u64);
    let read = pieces(&stream, |piece| {
        for byte in piece {
            wrong += u64::from(*byte != (bytes % 251) as u8);
            bytes += 1;
        }
    });
    drop(stream);
    let more = trailers_of(body)
        .map(|fields| fields.entries().len())
        .unwrap_or_default();
    match read {
        Ok(()) => text(
            out,
            &format!("{bytes} bytes, {wrong} wrong, {more} trailers\n"),
        ),
        Err(_) => finish(begin(out, 400, &[]), None),
    }
}

fn trailers_of(body: IncomingBody) -> Option<Fields> {
    let trailers: FutureTrailers = IncomingBody::finish(body);
    trailers.subscribe().block();
    trailers.get()?.ok()?.ok()?
}

/// Echoes the body as it arrives, and the trailers after it.
fn echo(request: IncomingRequest, out: ResponseOutparam) {
    let body = request.consume().expect("not taken before");
    let stream = body.stream().expect("not taken before");
    let answer = begin(out, 200, &[]);
    let write = answer.write().expect("not taken before");
    while write.blocking_splice(&stream, 64 << 10).is_ok() {}
    drop((stream, write));
    finish(answer, trailers_of(body));
}

fn write_pattern(write: &OutputStream, bytes: u64) {
    let many: Vec<u8> = PATTERN.iter().copied().cycle().take(251 * 256).collect();
    let mut written = 0;
    while written < bytes {
        let from = (written % 251) as usize;
        let room = write.check_write().expect("the client is connected");
        if room == 0 {
            write.subscribe().block();
            continue;
        }
        let most = room.min(bytes - written).min((many.len() - from) as u64) as usize;
        write
            .write(&many[from..from + most])
            .expect("the client is connected");
        written += most as u64;
    }
    write.blocking_flush().expect("the client is connected");
}

fn big(out: ResponseOutparam, bytes: u64) {
    let body = begin(out, 200, &[]);
    let write = body.write().expect("not taken before");
    write_pattern(&write, bytes);
    drop(write);
    finish(body, None);
}

fn trailers(out: ResponseOutparam) {
    let body = begin(out, 200, &[("trailer", "x-sum")]);
    body.write()
        .expect("not taken before")
        .blocking_write_and_flush(b"three\n")
        .expect("written");
    let trailers = Fields::new();
    trailers.append("x-sum", b"3").expect("a trailer");
    finish(body, Some(trailers));
}

fn sleep(out: ResponseOutparam, milliseconds: u64) {
    nap(milliseconds);
    text(out, "slept\n");
}

/// Tries to set a header as it was written, and reports if that is allowed.
fn header(out: ResponseOutparam, query: &str) {
    let bytes: Vec<u8> = query
        .replace("%0d", "\r")
        .replace("%0a", "\n")
        .replace("%00", "\0")
        .into_bytes();
    let fields = Fields::new();
    match fields.append("x-said", &bytes) {
        Ok(()) => text(out, "taken\n"),
        Err(error) => text(out, &format!("{error:?}\n")),
    }
}

fn flood(out: ResponseOutparam, headers: u64) {
    let fields = Fields::new();
    for header in 0..headers {
        fields
            .append(&format!("x-{header}"), &[b'x'; 1_000])
            .expect("a header");
    }
    let response = OutgoingResponse::new(fields);
    let body = response.body().expect("not taken before");
    ResponseOutparam::set(out, Ok(response));
    finish(body, None);
}

/// Continues after its answer is complete.
fn after(out: ResponseOutparam, milliseconds: u64) {
    text(out, "answered\n");
    nap(milliseconds);
    println!("done after its answer");
}

/// Traps in the middle of a body.
fn half(out: ResponseOutparam, bytes: u64) {
    let body = begin(out, 200, &[]);
    let write = body.write().expect("not taken before");
    write_pattern(&write, bytes);
    panic!("it traps in the middle");
}

/// Drops an unfinished body.
fn leak(out: ResponseOutparam) {
    let body = begin(out, 200, &[]);
    body.write()
        .expect("not taken before")
        .blocking_write_and_flush(b"some")
        .expect("written");
    drop(body);
}

/// Returns without finishing or dropping its body.
fn forget(out: ResponseOutparam, bytes: u64) {
    let body = begin(out, 200, &[]);
    let write = body.write().expect("not taken before");
    write_pattern(&write, bytes);
    std::mem::forget((write, body));
}

/// Writes more than the declared length, and returns.
fn lie(out: ResponseOutparam) {
    let body = begin(out, 200, &[("content-length", "5")]);
    let write = body.write().expect("not taken before");
    let _ = write.write(b"0123456789HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    std::mem::forget((write, body));
}

/// Writes less than the declared length, and finishes.
fn short(out: ResponseOutparam) {
    let body = begin(out, 200, &[("content-length", "5")]);
    body.write()
        .expect("not taken before")
        .blocking_write_and_flush(b"abc")
        .expect("written");
    let _ = OutgoingBody::finish(body, None);
}

/// Answers and exits.
fn exit_answered(out: ResponseOutparam, code: u8) {
    text(out, "answered\n");
    println!("it exits");
    exit_with_code(code);
}

/// Begins an answer and exits.
fn exit_unfinished(out: ResponseOutparam, code: u8) {
    let body = begin(out, 200, &[]);
    body.write()
        .expect("not taken before")
        .blocking_write_and_flush(b"some")
        .expect("written");
    exit_with_code(code);
}

/// Answers, and tries to answer a second time.
fn twice(out: ResponseOutparam) {
    // SAFETY: the number is that of a valid handle. The host must refuse to use it twice.
    let again = unsafe { ResponseOutparam::from_handle(out.handle()) };
    text(out, "once\n");
    text(again, "twice\n");
}

/// Declares the length of its body.
fn sized(out: ResponseOutparam, bytes: u64) {
    let body = begin(out, 200, &[("content-length", &bytes.to_string())]);
    let write = body.write().expect("not taken before");
    write_pattern(&write, bytes);
    drop(write);
    nap(20);
    finish(body, None);
}

fn hang_half(out: ResponseOutparam) {
    let body = begin(out, 200, &[]);
    body.write()
        .expect("not taken before")
        .blocking_write_and_flush(b"some")
        .expect("written");
    nap(u64::MAX / 2);
}

fn spin() {
    let mut turns = 0_u64;
    loop {
        turns = std::hint::black_box(turns.wrapping_add(1));
    }
}

/// Returns the number of requests that this instance has served.
fn count_calls(out: ResponseOutparam) {
    static CALLS: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    let calls = CALLS.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
    text(out, &format!("{calls}\n"));
}

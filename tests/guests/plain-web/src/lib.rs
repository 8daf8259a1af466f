//! A component from elsewhere that benches ask: no SDK, no section. Greets, gives 64 KiB, fetches
//! what another gives, or sends it something.

use wasip2::clocks::monotonic_clock::subscribe_duration;
use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::outgoing_handler;
use wasip2::http::types::{
    Fields, IncomingRequest, IncomingResponse, Method, OutgoingBody, OutgoingRequest,
    OutgoingResponse, ResponseOutparam, Scheme,
};
use wasip2::io::streams::OutputStream;

struct Web;

wasip2::http::proxy::export!(Web);

impl Guest for Web {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let path = request.path_with_query().unwrap_or_default();
        match path.split_once('?') {
            Some(("/fetch", authority)) => fetch(authority, out),
            Some(("/upload", authority)) => upload(authority, out),
            Some(("/upload-half", authority)) => upload_half(authority),
            _ if path == "/64k" => answer(out, |stream| write(stream, &[b'x'; 64 << 10])),
            _ => answer(out, |stream| write(stream, b"hello\n")),
        }
    }
}

fn answer(out: ResponseOutparam, body: impl FnOnce(&OutputStream)) {
    let response = OutgoingResponse::new(Fields::new());
    let outgoing = response.body().expect("it is asked for once");
    ResponseOutparam::set(out, Ok(response));
    let stream = outgoing.write().expect("it is asked for once");
    body(&stream);
    drop(stream);
    OutgoingBody::finish(outgoing, None).expect("nothing said how long it is");
}

fn write(stream: &OutputStream, bytes: &[u8]) {
    for piece in bytes.chunks(4096) {
        stream
            .blocking_write_and_flush(piece)
            .expect("the client is there");
    }
}

fn fetch(authority: &str, out: ResponseOutparam) {
    let response = get(authority);
    let body = response.consume().expect("it is asked for once");
    let from = body.stream().expect("it is asked for once");
    answer(
        out,
        |to| while to.blocking_splice(&from, 64 << 10).is_ok() {},
    );
}

fn get(authority: &str) -> IncomingResponse {
    send(request(authority))
}

fn request(authority: &str) -> OutgoingRequest {
    let request = OutgoingRequest::new(Fields::new());
    request.set_scheme(Some(&Scheme::Http)).expect("a scheme");
    request
        .set_authority(Some(authority))
        .expect("an authority");
    request.set_path_with_query(Some("/")).expect("a path");
    request
}

fn send(request: OutgoingRequest) -> IncomingResponse {
    let response = outgoing_handler::handle(request, None).expect("it is sent");
    response.subscribe().block();
    response
        .get()
        .expect("it is there")
        .expect("it is asked for once")
        .expect("it was answered")
}

/// Traps in the middle of what it sends.
fn upload_half(authority: &str) -> ! {
    let request = request(authority);
    request.set_method(&Method::Post).expect("a method");
    let body = request.body().expect("it is asked for once");
    let stream = body.write().expect("it is asked for once");
    let _answer = outgoing_handler::handle(request, None).expect("it is sent");
    stream
        .blocking_write_and_flush(b"some")
        .expect("it is read");
    subscribe_duration(100_000_000).block();
    panic!("it traps");
}

/// Sends on when it has read the whole answer, and tells whether it could.
fn upload(authority: &str, out: ResponseOutparam) {
    let request = request(authority);
    request.set_method(&Method::Post).expect("a method");
    let body = request.body().expect("it is asked for once");
    let stream = body.write().expect("it is asked for once");
    let answered = send(request).consume().expect("it is asked for once");
    let from = answered.stream().expect("it is asked for once");
    while from.blocking_read(1024).is_ok() {}
    subscribe_duration(200_000_000).block();
    let sent = (0..100).all(|_| stream.blocking_write_and_flush(&[b'x'; 4096]).is_ok());
    drop(stream);
    drop(OutgoingBody::finish(body, None));
    answer(out, |to| {
        write(to, if sent { b"sent on\n" } else { b"cut off\n" })
    });
}

//! A component without SDK and custom sections, used by the benches. Greets, returns 64 KiB,
//! fetches from another server, or uploads to it.

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
    let outgoing = response.body().expect("not taken before");
    ResponseOutparam::set(out, Ok(response));
    let stream = outgoing.write().expect("not taken before");
    body(&stream);
    drop(stream);
    OutgoingBody::finish(outgoing, None).expect("no length is declared");
}

fn write(stream: &OutputStream, bytes: &[u8]) {
    for piece in bytes.chunks(4096) {
        stream
            .blocking_write_and_flush(piece)
            .expect("the client is connected");
    }
}

fn fetch(authority: &str, out: ResponseOutparam) {
    let response = get(authority);
    let body = response.consume().expect("not taken before");
    let from = body.stream().expect("not taken before");
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
    let response = outgoing_handler::handle(request, None).expect("the request is sent");
    response.subscribe().block();
    response
        .get()
        .expect("the response is ready")
        .expect("not taken before")
        .expect("a response")
}

/// Traps while sending a body.
fn upload_half(authority: &str) -> ! {
    let request = request(authority);
    request.set_method(&Method::Post).expect("a method");
    let body = request.body().expect("not taken before");
    let stream = body.write().expect("not taken before");
    let _answer = outgoing_handler::handle(request, None).expect("the request is sent");
    stream
        .blocking_write_and_flush(b"some")
        .expect("the server reads the body");
    subscribe_duration(100_000_000).block();
    panic!("it traps");
}

/// Continues sending after it has read the whole answer, and reports if it could.
fn upload(authority: &str, out: ResponseOutparam) {
    let request = request(authority);
    request.set_method(&Method::Post).expect("a method");
    let body = request.body().expect("not taken before");
    let stream = body.write().expect("not taken before");
    let answered = send(request).consume().expect("not taken before");
    let from = answered.stream().expect("not taken before");
    while from.blocking_read(1024).is_ok() {}
    subscribe_duration(200_000_000).block();
    let sent = (0..100).all(|_| stream.blocking_write_and_flush(&[b'x'; 4096]).is_ok());
    drop(stream);
    drop(OutgoingBody::finish(body, None));
    answer(out, |to| {
        write(to, if sent { b"sent on\n" } else { b"cut off\n" })
    });
}

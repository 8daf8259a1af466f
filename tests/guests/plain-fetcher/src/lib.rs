//! A component from elsewhere: no SDK, no section, nothing said of what it needs. Reads
//! a name from a file and fetches what is greeted with it, as a stream.

use wasip2::http::outgoing_handler::handle;
use wasip2::http::types::{Fields, IncomingResponse, Method, OutgoingRequest, Scheme};
use wasip2::io::streams::StreamError;

wit_bindgen::generate!({
    inline: "
        package plain:fetcher;

        world plain-fetcher {
            /// How many bytes a file has.
            export count-file: func(path: string) -> result<u64, string>;
            /// How many bytes an address answers with.
            export get: func(authority: string, path: string) -> result<u64, string>;
            /// How many bytes came for the name in the file, or how it ended.
            export fetch: func(authority: string, path: string) -> result<u64, string>;
        }
    ",
});

struct Fetcher;

export!(Fetcher);

impl Guest for Fetcher {
    fn count_file(path: String) -> Result<u64, String> {
        let text = std::fs::read(path).map_err(|error| error.to_string())?;
        Ok(text.len() as u64)
    }

    fn fetch(authority: String, path: String) -> Result<u64, String> {
        let name = std::fs::read_to_string("/data/name.txt").map_err(|error| error.to_string())?;
        let path = format!("{path}?name={}", name.trim());
        Self::get(authority, path)
    }

    fn get(authority: String, path: String) -> Result<u64, String> {
        count(&answer(&authority, &path)?)
    }
}

fn answer(authority: &str, path: &str) -> Result<IncomingResponse, String> {
    let request = OutgoingRequest::new(Fields::new());
    request
        .set_method(&Method::Get)
        .map_err(|()| "the method was not taken")?;
    request
        .set_scheme(Some(&Scheme::Http))
        .map_err(|()| "the scheme was not taken")?;
    request
        .set_authority(Some(authority))
        .map_err(|()| "the authority was not taken")?;
    request
        .set_path_with_query(Some(path))
        .map_err(|()| "the path was not taken")?;
    let answer = handle(request, None).map_err(|error| format!("{error:?}"))?;
    answer.subscribe().block();
    let response = answer
        .get()
        .ok_or("no answer came")?
        .map_err(|()| "it was taken before")?;
    response.map_err(|error| format!("{error:?}"))
}

fn count(response: &IncomingResponse) -> Result<u64, String> {
    let body = response.consume().map_err(|()| "there is no body")?;
    let stream = body.stream().map_err(|()| "the body is taken")?;
    let mut bytes = 0;
    loop {
        match stream.blocking_read(1 << 16) {
            Ok(part) => bytes += part.len() as u64,
            Err(StreamError::Closed) => return Ok(bytes),
            Err(StreamError::LastOperationFailed(_)) => return Err("it was cut off".into()),
        }
    }
}

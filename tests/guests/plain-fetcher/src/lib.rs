//! A component without SDK, custom sections and declared requests. Reads a name from a file, sends
//! it in a request, and reads the response as a stream.

use wasip2::http::outgoing_handler::handle;
use wasip2::http::types::{Fields, IncomingResponse, Method, OutgoingRequest, Scheme};
use wasip2::io::streams::StreamError;

wit_bindgen::generate!({
    inline: "
        package plain:fetcher;

        world plain-fetcher {
            /// Returns the number of bytes in a file.
            export count-file: func(path: string) -> result<u64, string>;
            /// Returns the number of bytes in the response of an address.
            export get: func(authority: string, path: string) -> result<u64, string>;
            /// Returns the number of bytes received for the name in the file, or the reason why the
            /// response ended.
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
        .map_err(|()| "invalid method")?;
    request
        .set_scheme(Some(&Scheme::Http))
        .map_err(|()| "invalid scheme")?;
    request
        .set_authority(Some(authority))
        .map_err(|()| "invalid authority")?;
    request
        .set_path_with_query(Some(path))
        .map_err(|()| "invalid path")?;
    let answer = handle(request, None).map_err(|error| format!("{error:?}"))?;
    answer.subscribe().block();
    let response = answer
        .get()
        .ok_or("no response")?
        .map_err(|()| "the response was already taken")?;
    response.map_err(|error| format!("{error:?}"))
}

fn count(response: &IncomingResponse) -> Result<u64, String> {
    let body = response
        .consume()
        .map_err(|()| "the body was already taken")?;
    let stream = body.stream().map_err(|()| "the stream was already taken")?;
    let mut bytes = 0;
    loop {
        match stream.blocking_read(1 << 16) {
            Ok(part) => bytes += part.len() as u64,
            Err(StreamError::Closed) => return Ok(bytes),
            Err(StreamError::LastOperationFailed(_)) => {
                return Err("the response was cut off".into());
            }
        }
    }
}

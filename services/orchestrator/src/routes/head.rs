//! The head of a request, without the buffer that it was read into.
//!
//! actix keeps up to 128 heads a thread for the requests to come, each as its last request left it. Its values are slices of the buffer
//! (8 KiB) that the connection was read into, so that a burst of requests leaves a mebibyte a thread behind for good. Copies of these few
//! bytes let the buffers go.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse, Url};
use actix_web::http::Uri;
use actix_web::http::header::{HeaderMap, HeaderValue};
use actix_web::middleware::Next;

/// Copies the head before anything else sees the request.
pub(super) async fn copied<B: MessageBody>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    copy(&mut request);
    next.call(request).await
}

fn copy(request: &mut ServiceRequest) {
    let uri: Result<Uri, _> = request.uri().to_string().parse();
    // What was read once can be read again; if not, the slice stays, which does no harm.
    if let Ok(uri) = uri {
        request.match_info_mut().set(Url::new(uri.clone()));
        request.head_mut().uri = uri;
    }
    let headers = request.headers_mut();
    // A map of its own size, too: the one that came with the request has room for many more.
    let read = std::mem::replace(headers, HeaderMap::with_capacity(headers.len()));
    for (name, value) in &read {
        headers.append(name.clone(), own(value));
    }
}

fn own(value: &HeaderValue) -> HeaderValue {
    HeaderValue::from_bytes(value.as_bytes()).unwrap_or_else(|_| value.clone())
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;
    use actix_web::web::Bytes;

    use super::*;

    #[test]
    fn a_request_lets_its_buffer_go_and_says_the_same() {
        // Longer than what is kept in place, as read from a connection.
        let buffer = Bytes::from(b"/ticket?a=%20b&c=/ Zammad User Agent sha1=\xe9 second value".to_vec());
        let slice = |range| HeaderValue::from_maybe_shared(buffer.slice(range)).unwrap();
        let uri = Uri::from_maybe_shared(buffer.slice(0..18)).unwrap();
        let mut request = TestRequest::post().to_srv_request();
        request.match_info_mut().set(Url::new(uri.clone()));
        request.head_mut().uri = uri;
        for (name, range) in
            [("user-agent", 19..36), ("x-hub-signature", 37..43), ("x-hub-signature", 44..56)]
        {
            request.headers_mut().append(name.parse().unwrap(), slice(range));
        }
        assert!(!buffer.is_unique());
        copy(&mut request);
        assert!(buffer.is_unique(), "something still holds the buffer");
        assert_eq!(request.uri().to_string(), "/ticket?a=%20b&c=/");
        assert_eq!(request.match_info().as_str(), "/ticket");
        assert_eq!(request.query_string(), "a=%20b&c=/");
        assert_eq!(request.headers().get("user-agent").unwrap(), "Zammad User Agent");
        let all: Vec<&[u8]> =
            request.headers().get_all("x-hub-signature").map(HeaderValue::as_bytes).collect();
        assert_eq!(all, [&b"sha1=\xe9"[..], b"second value"]);
    }
}

//! The pages that the browser shows, without scripts, links or content from the request.

use super::expected::Mismatch;

/// Returns the response to the callback.
pub(super) fn sign_in_result(signed_in: bool) -> String {
    if signed_in {
        response("200 OK", "You are signed in", "You can close this page.")
    } else {
        response(
            "400 Bad Request",
            "The sign-in failed",
            "See the terminal for the reason. You can close this page.",
        )
    }
}

/// Returns the response to a request that is not the expected callback.
pub(super) fn mismatch(mismatch: Mismatch) -> String {
    let (status, title, text) = match mismatch {
        Mismatch::Malformed => ("400 Bad Request", "Bad request", "This is not an HTTP request."),
        Mismatch::TooLarge => {
            ("431 Request Header Fields Too Large", "Too large", "The request is too large.")
        }
        Mismatch::OtherHost => {
            ("421 Misdirected Request", "Not found", "This server does not serve this host.")
        }
        Mismatch::OtherPath => ("404 Not Found", "Not found", "This page does not exist."),
        Mismatch::NotGet => {
            ("405 Method Not Allowed\r\nallow: GET", "Not allowed", "This page accepts only GET requests.")
        }
        Mismatch::Prefetch => ("503 Service Unavailable", "Not yet", "Follow the link to open this page."),
        Mismatch::NotNavigation => {
            ("403 Forbidden", "Not allowed", "Only a browser window may open this page.")
        }
        Mismatch::OtherSignIn => (
            "400 Bad Request",
            "This is not the expected sign-in",
            "The program waits for another sign-in. Go back to the page that the program opened.",
        ),
    };
    response(status, title, text)
}

fn response(status: &str, title: &str, text: &str) -> String {
    let body = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>{title}</title>\n\
         <h1>{title}</h1>\n<p>{text}</p>\n</html>\n"
    );
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {}\r\n\
         cache-control: no-store\r\nreferrer-policy: no-referrer\r\n\
         content-security-policy: default-src 'none'; frame-ancestors 'none'\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}

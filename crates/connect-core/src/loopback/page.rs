//! What the browser shows: pages without scripts, links or anything of the request.

use super::expected::Refusal;

/// The answer to the callback.
pub(super) fn end(signed_in: bool) -> String {
    if signed_in {
        answer("200 OK", "You are signed in", "This page can be closed.")
    } else {
        answer("400 Bad Request", "The sign-in failed", "The terminal says why. This page can be closed.")
    }
}

/// The answer to any other request.
pub(super) fn refused(refusal: Refusal) -> String {
    let (status, title, text) = match refusal {
        Refusal::Malformed => ("400 Bad Request", "Bad request", "This is not an HTTP request."),
        Refusal::TooLarge => {
            ("431 Request Header Fields Too Large", "Too large", "The request is too large.")
        }
        Refusal::OtherHost => ("421 Misdirected Request", "Not found", "This address is not served here."),
        Refusal::OtherPath => ("404 Not Found", "Not found", "There is nothing here."),
        Refusal::NotGet => {
            ("405 Method Not Allowed\r\nallow: GET", "Not allowed", "This page takes GET only.")
        }
        Refusal::Prefetch => ("503 Service Unavailable", "Not yet", "Follow the link to get here."),
        Refusal::NoNavigation => ("403 Forbidden", "Not allowed", "Only a browser's window may come here."),
        Refusal::OtherSignIn => (
            "400 Bad Request",
            "This is not the sign-in",
            "The program waits for the answer to another sign-in. Go back to the page that it opened.",
        ),
    };
    answer(status, title, text)
}

fn answer(status: &str, title: &str, text: &str) -> String {
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

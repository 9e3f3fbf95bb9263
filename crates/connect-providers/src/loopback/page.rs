//! What the browser shows at the end: a page without scripts, links or anything of the request.

/// The answer to the callback.
pub(super) fn end(signed_in: bool) -> String {
    if signed_in {
        answer("200 OK", "You are signed in", "This page can be closed.")
    } else {
        answer("400 Bad Request", "The sign-in failed", "The terminal says why. This page can be closed.")
    }
}

/// The answer to anything else.
pub(super) fn not_found() -> String {
    answer("404 Not Found", "Not found", "There is nothing here.")
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

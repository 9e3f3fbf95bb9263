//! Runs the example with a sandbox in place of Google.

#[path = "../../token-endpoint-axum/tests/page/mod.rs"]
mod page;

#[test]
fn only_the_page_gets_tokens() {
    page::is_served(env!("CARGO_BIN_EXE_token-endpoint-hyper"));
}

#[test]
fn too_large_body_gets_413_before_its_end() {
    page::is_cut_short(env!("CARGO_BIN_EXE_token-endpoint-hyper"));
}

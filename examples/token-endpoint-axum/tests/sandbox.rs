//! The example as it runs, with a sandbox in place of Google.

mod page;

#[test]
fn a_page_signs_in_and_refreshes_and_strangers_do_not() {
    page::is_served(env!("CARGO_BIN_EXE_token-endpoint-axum"));
}

#[test]
fn a_body_that_is_too_large_is_not_read_to_its_end() {
    page::is_cut_short(env!("CARGO_BIN_EXE_token-endpoint-axum"));
}

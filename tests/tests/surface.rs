//! Both clients must have the same public functions with the same number of arguments.
//!
//! `SINGLE_CLIENT` lists the exceptions.

use std::{collections::BTreeSet, fs, path::Path};

use syn::{FnArg, ImplItem, Item, Visibility};

/// The functions that only one client has.
const SINGLE_CLIENT: &[&str] = &[
    "Builder::async_store/2",        // only the async client supports async stores
    "Builder::async_replay_guard/2", // only the async client supports async guards
    "Items::next/1",                 // the blocking client implements `Iterator::next`
    "PageStream::next/1",            // the blocking client implements `Iterator::next`
    "Items::without_read_ahead/1",   // the async client reads ahead by default
    "PageStream::without_read_ahead/1",
    "Items::read_ahead/1", // in the blocking client, reading ahead needs a thread
    "PageIterator::read_ahead/1",
    "Builder::runtime/2",    // the blocking client needs no runtime
    "HyperTransport::new/2", // each client has its own transport
    "UreqTransport::new/2",
];

#[test]
fn both_clients_offer_the_same_operations() {
    let [hyper, blocking] = ["connect-hyper", "connect-blocking"].map(surface);
    assert!(hyper.len() > 10, "{hyper:?}");
    let differing: Vec<_> = hyper
        .symmetric_difference(&blocking)
        .filter(|name| !SINGLE_CLIENT.contains(&name.as_str()))
        .collect();
    assert!(differing.is_empty(), "{differing:?}");
}

#[test]
fn both_clients_expand_the_shared_macros() {
    for (name, kind) in [("connect-hyper", "async"), ("connect-blocking", "blocking")] {
        let source = |file: &str| fs::read_to_string(sources(name).join(file)).unwrap();
        assert!(source("client.rs").contains(&format!("connect_core::facade!({kind});")));
        assert!(source("builder.rs").contains("connect_core::builder!();"));
        assert!(source("deliveries.rs").contains(&format!("connect_core::deliveries!({kind});")));
    }
}

fn sources(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates").join(name).join("src")
}

fn surface(name: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(sources(name)).unwrap() {
        let file = syn::parse_file(&fs::read_to_string(entry.unwrap().path()).unwrap()).unwrap();
        for item in file.items {
            let Item::Impl(item) = item else { continue };
            let syn::Type::Path(path) = &*item.self_ty else { continue };
            let owner = path.path.segments.last().unwrap().ident.to_string();
            for function in item.items {
                let ImplItem::Fn(function) = function else { continue };
                if !matches!(function.vis, Visibility::Public(_)) {
                    continue;
                }
                let inputs = function.sig.inputs.iter();
                let count =
                    inputs.filter(|input| matches!(input, FnArg::Receiver(_) | FnArg::Typed(_))).count();
                names.insert(format!("{owner}::{}/{count}", function.sig.ident));
            }
        }
    }
    names
}

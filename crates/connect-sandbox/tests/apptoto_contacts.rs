//! Contacts and address books at Apptoto.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]
mod common;

use common::App;
use common::apptoto::*;
use serde_json::{Value, json};

#[test]
fn contact_is_created_changed_and_read() {
    let mut app = App::new(&[]);
    let write = |app: &mut App, method: &str, contact: Value| {
        app.apptoto_ok(method, "/contacts", Some(json!({ "contacts": [contact] })))["contacts"][0].clone()
    };
    let new = json!({
        "address_book": "Patients", "name": "Fred Smith", "external_id": "c-1", "custom_data": { "a": 1 },
        "phone_numbers": [
            { "number": "650-555-1212", "is_mobile": true, "is_primary": true }, { "number": "1", "type": "work" },
        ],
        "email_addresses": [{ "address": "fred@example.com" }],
    });
    let made = write(&mut app, "POST", new);
    let expected = json!({
        "id": made["id"], "address_book_id": made["address_book_id"], "external_id": "c-1", "name": "Fred Smith",
        "first_name": "Fred", "last_name": "Smith", "custom_data": { "a": 1 },
        "phone_numbers": [
            { "number": "650-555-1212", "normalized": "+16505551212", "type": "mobile", "is_mobile": true, "is_primary": true },
            { "number": "1", "normalized": null, "type": "work", "is_mobile": false, "is_primary": false },
        ],
        "email_addresses": [{ "address": "fred@example.com", "is_primary": false }],
    });
    assert_eq!(made, expected);
    for path in [
        format!("/contact?id={}", made["id"]),
        "/contact?external_id=c-1".to_owned(),
        format!("/contact?external_id=c-1&address_book_id={}", made["address_book_id"]),
    ] {
        assert_eq!(app.apptoto_ok("GET", &path, None), expected, "{path}");
    }
    assert_eq!(
        app.apptoto("GET", "/contact?external_id=c-1&address_book_id=5", None).0,
        404,
        "another address book"
    );

    let renamed =
        write(&mut app, "PUT", json!({ "external_id": "c-1", "first_name": "Ada", "last_name": "King" }));
    assert_eq!(
        renamed,
        changed(expected.clone(), json!({ "name": "Ada King", "first_name": "Ada", "last_name": "King" }))
    );
    let added = write(
        &mut app,
        "PUT",
        json!({ "id": made["id"], "add_phone": "650-555-0000", "add_email": "b@example.com" }),
    );
    assert_eq!(
        (added["phone_numbers"].as_array().unwrap().len(), &added["email_addresses"][1]["address"]),
        (3, &json!("b@example.com"))
    );
    let replaced = json!({ "id": made["id"], "phone_numbers": [{ "number": "2" }], "email_addresses": [], "custom_data": { "b": 2 } });
    let replaced = write(&mut app, "PUT", replaced);
    assert_eq!(
        (replaced["phone_numbers"].as_array().unwrap().len(), &replaced["email_addresses"]),
        (1, &json!([]))
    );
    assert_eq!((&replaced["custom_data"], &replaced["name"]), (&json!({ "b": 2 }), &json!("Ada King")));

    let plain = json!({ "address_book": "Other", "first_name": "B", "last_name": "C", "phone": "650-555-3333", "email": "c@example.com", "external_id": "c-1" });
    let other = write(&mut app, "PUT", changed(plain.clone(), json!({ "external_id": "c-2" })));
    assert_eq!(
        (&other["name"], &other["phone_numbers"][0]["number"]),
        (&json!("B C"), &json!("650-555-3333"))
    );
    // `made` is in another address book, so the search by external id does not find it.
    let scoped = json!({ "address_book": null, "address_book_id": other["address_book_id"] });
    let twin = write(&mut app, "PUT", changed(plain, scoped));
    assert_ne!(twin["id"], made["id"]);

    let books = app.apptoto_ok("GET", "/address_books", None);
    let names: Vec<_> = books["address_books"]
        .as_array()
        .unwrap()
        .iter()
        .map(|book| book["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["Apptoto", "Patients", "Other"]);
    assert_eq!(books["address_books"][0]["phone_types"], json!(["mobile", "home", "work", "other"]));
    app.sandbox.set("apptoto_contacts_reply", "empty").unwrap();
    let body = json!({ "contacts": [{ "id": made["id"], "name": "Z" }] });
    assert_eq!(app.apptoto("PUT", "/contacts", Some(body)), (200, Value::Null));
}

#[test]
fn invalid_contact_is_refused() {
    let mut app = App::new(&[]);
    let made = app.apptoto_ok(
        "POST",
        "/contacts",
        Some(json!({ "contacts": [{ "address_book": "A", "name": "F", "external_id": "c" }] })),
    );
    let id = made["contacts"][0]["id"].clone();
    for (method, contact, status, message) in [
        ("POST", json!({ "name": "A" }), 400, "contacts[0].address_book: is required"),
        (
            "POST",
            json!({ "name": "A", "address_book_id": 5 }),
            400,
            "contacts[0].address_book_id: there is no such address book",
        ),
        (
            "POST",
            json!({ "address_book": "A" }),
            400,
            "contacts[0].name: is required if first_name and last_name are missing",
        ),
        ("PUT", json!({ "name": "A" }), 400, "contacts[0].address_book: is required"),
        ("PUT", json!({ "id": 5, "name": "A" }), 404, "There is no such contact"),
        (
            "PUT",
            json!({ "id": id, "address_book": "B" }),
            400,
            "contacts[0].address_book: a contact cannot be moved to another address book",
        ),
        (
            "POST",
            json!({ "address_book": "A", "name": "A", "phone_numbers": [{}] }),
            400,
            "contacts[0].phone_numbers[0].number: is required",
        ),
        (
            "PUT",
            json!({ "id": id, "email_addresses": ["a@b"] }),
            400,
            "contacts[0].email_addresses[0]: must be an object",
        ),
    ] {
        let (found, body) = app.apptoto(method, "/contacts", Some(json!({ "contacts": [contact] })));
        assert_eq!((found, body["message"].as_str()), (status, Some(message)), "{method} {contact}");
    }
    for (path, status) in
        [("/contact", 400), ("/contact?id=x", 400), ("/contact?id=5", 404), ("/contact?external_id=d", 404)]
    {
        assert_eq!(app.apptoto("GET", path, None).0, status, "{path}");
    }
}

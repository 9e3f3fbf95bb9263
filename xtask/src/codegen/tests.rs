//! Tests of the generator, each with a minimal schema.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::{Value, json};

use super::*;

fn document(schemas: Value, paths: Value) -> Value {
    json!({"openapi": "3.1.0", "info": {}, "paths": paths, "components": {"schemas": schemas}})
}

fn error(schemas: Value, paths: Value) -> String {
    read::model(&document(schemas, paths)).expect_err("an error")
}

fn answers(schemas: Value) -> String {
    print(emit_answers::emit(&read::model(&document(schemas, json!({}))).unwrap())).unwrap()
}

fn requests(schemas: Value, paths: Value) -> String {
    print(emit_requests::emit(&read::model(&document(schemas, paths)).unwrap()).unwrap()).unwrap()
}

fn operation(extra: Value) -> Value {
    let mut operation = json!({
        "operationId": "doIt", "summary": "Do it.", "description": "At once.", "security": [], "x-safety": "idempotent",
        "responses": {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Done"}}}}}
    });
    for (key, value) in extra.as_object().unwrap() {
        operation[key] = value.clone();
    }
    json!({"/it": {"put": operation}})
}

fn done() -> Value {
    json!({"type": "object", "description": "D.", "x-rust": "answer", "properties": {}})
}

#[test]
fn committed_files_match_the_schema() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    check(root).unwrap();
    assert_eq!(generate(root).unwrap(), generate(root).unwrap());
}

#[test]
fn check_with_a_stale_file_names_it() {
    let root = std::env::temp_dir().join(format!("xtask-stale-{}", std::process::id()));
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    fs::create_dir_all(root.join(FOLDER)).unwrap();
    for (path, _) in FACADES {
        fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
    }
    fs::create_dir_all(root.join("schema")).unwrap();
    fs::copy(here.join(SCHEMA), root.join(SCHEMA)).unwrap();
    write(&root).unwrap();
    let clean = check(&root);
    fs::write(root.join(FOLDER).join("enums.rs"), "// changed\n").unwrap();
    let stale = check(&root);
    fs::remove_dir_all(&root).unwrap();
    assert_eq!(clean, Ok(()));
    let message = stale.unwrap_err();
    assert!(message.contains("generated/enums.rs") && !message.contains("answers.rs"), "{message}");
}

#[test]
fn unknown_construct_is_an_error_with_its_pointer() {
    let property = |schema: Value| {
        error(
            json!({"A": {"type": "object", "description": "A.", "x-rust": "answer", "properties": {"a/b": schema}}}),
            json!({}),
        )
    };
    let at = "#/components/schemas/A/properties/a~1b";
    for (schema, pointer) in [
        (json!({"type": "string", "maxLength": 3}), format!("{at}/maxLength")),
        (json!({"type": "string", "format": "uuid"}), format!("{at}/type")),
        (json!({"type": "number"}), format!("{at}/type")),
        (json!({"type": ["string", "integer"]}), format!("{at}/type")),
        (
            json!({"type": "object", "additionalProperties": {"type": "string"}}),
            format!("{at}/additionalProperties"),
        ),
        (json!({"type": "array"}), at.to_owned()),
        (json!({"allOf": []}), at.to_owned()),
        (json!({"$ref": "#/components/schemas/None"}), format!("{at}/$ref")),
        (
            json!({"type": "string", "description": "A.", "x-rust-default": "yes"}),
            format!("{at}/x-rust-default"),
        ),
        (json!({"type": "string"}), at.to_owned()),
    ] {
        let message = property(schema);
        assert!(message.starts_with(&format!("{pointer}: ")), "{message}");
    }
    let message = error(json!({"A": {"x-rust": "magic"}}), json!({}));
    assert!(message.starts_with("#/components/schemas/A: "), "{message}");
    let message = error(json!({"Done": done()}), operation(json!({"callbacks": {}})));
    assert!(message.starts_with("#/paths/~1it/put/callbacks: "), "{message}");
    let message = error(json!({"Done": done()}), operation(json!({"x-safety": "maybe"})));
    assert!(message.contains("x-safety"), "{message}");
    let header = json!([{"name": "h", "in": "header", "schema": {"type": "string"}}]);
    let message = error(json!({"Done": done()}), operation(json!({"parameters": header})));
    assert!(message.starts_with("#/paths/~1it/put/parameters/0: "), "{message}");
}

#[test]
fn response_fields_keep_the_schema_order_and_are_optional() {
    let text = answers(
        json!({"Thing": {"type": "object", "x-rust": "answer", "description": "A thing.", "properties": {
            "zName": {"type": "string", "description": "Its name.", "x-rust-default": true},
            "aCount": {"type": ["integer", "null"], "description": "How many."},
            "list": {"type": "array", "items": {"type": "string"}, "description": "Some."}
        }}}),
    );
    let fields = text.split_once("pub struct Thing {").unwrap().1;
    let fields = fields.split_once('}').unwrap().0.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        fields.starts_with(
            "/// Its name. pub z_name: String, /// How many. pub a_count: Option<u64>, /// Some. pub list: Vec<String>,"
        ),
        "{fields}"
    );
    assert!(
        text.contains(
            "/// A thing.\n#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]\n#[non_exhaustive]"
        )
    );
    assert!(text.contains(r#""zName" => read_into(&mut self.z_name, name, json, extra)"#));
}

#[test]
fn secret_field_is_redacted_in_debug() {
    let text = answers(
        json!({"Thing": {"type": "object", "x-rust": "answer", "description": "A thing.", "properties": {
        "token": {"type": "string", "description": "T.", "x-secret": true}}}}),
    );
    assert!(!text.contains("derive(Debug") && text.contains(r#".field("token", &"[redacted]")"#));
}

#[test]
fn enum_with_a_string_choice_is_open() {
    let choice = json!({"const": "a-b", "title": "AB", "description": "A."});
    let schemas = json!({"Open": {"description": "O.", "anyOf": [choice, {"type": "string"}]}, "Closed": {"description": "C.", "oneOf": [choice]}});
    let text = print(emit_enums::emit(&read::model(&document(schemas, json!({}))).unwrap())).unwrap();
    assert!(
        text.contains("open_enum!(Open { AB = \"a-b\" });") && text.contains("closed_enum!(Closed"),
        "{text}"
    );
    assert_eq!(text.matches("Other(Unknown)").count(), 1);
}

#[test]
fn request_has_patch_setters_checks_and_safety() {
    let mode =
        json!({"description": "M.", "oneOf": [{"const": "rest", "title": "Rest", "description": "R."}]});
    let body = json!({"type": "object", "description": "B.", "x-rust": "request", "required": ["id"], "properties": {
        "id": {"type": "string", "description": "I."},
        "note": {"type": ["string", "null"], "description": "N."},
        "account": {"type": "string", "minLength": 1, "description": "A."},
        "mode": {"$ref": "#/components/schemas/Mode", "description": "W."}
    }});
    let paths = operation(json!({
        "x-once-when": {"mode": "rest"},
        "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/DoIt"}}}}
    }));
    let text = requests(json!({"Mode": mode, "DoIt": body, "Done": done()}), paths.clone());
    for expected in [
        "pub(crate) note: Patch<String>",
        "pub fn clear_note(mut self) -> Self",
        "pub fn new(id: impl Into<String>) -> Self",
        r#"check_not_empty("id", &self.id)?;"#,
        r#"check_not_empty_if_set("account", self.account.as_deref())?;"#,
        r#"body.patch("note", &self.note, "null")?;"#,
        "if self.mode == Some(Mode::Rest) {",
        r#"const NAME: &'static str = "PUT /it";"#,
        "const AUTH: Auth = Auth::None;",
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
    let without = json!({"type": "object", "description": "B.", "x-rust": "request", "properties": {}});
    let model = read::model(&document(json!({"DoIt": without, "Done": done()}), paths)).unwrap();
    assert!(emit_requests::emit(&model).unwrap_err().contains("x-once-when"));
}

fn settings() -> Value {
    let parameter = |name: &str, place: &str| json!({"name": name, "in": place, "required": true, "description": "P.", "schema": {"type": "string"}});
    json!({"/calendars/{calendarId}/settings/{type}": {"get": {
        "operationId": "getProbe", "summary": "Get it.", "description": "At once.",
        "security": [{"bearer": []}], "x-safety": "safe", "x-scope": "read",
        "parameters": [parameter("calendarId", "path"), parameter("type", "path"), parameter("from", "query")],
        "responses": {
            "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Probe"}}}},
            "204": {"description": "Nothing."}
        }
    }}})
}

fn calendar_settings() -> Value {
    json!({"type": "object", "description": "D.", "x-rust": "answer", "properties": {
        "success": {"type": "boolean", "description": "S."},
        "match": {"type": "string", "description": "M."},
        "count": {"type": "integer", "format": "int32", "description": "C."},
    }})
}

#[test]
fn path_parameters_are_required_and_encoded() {
    let scope =
        json!({"description": "S.", "oneOf": [{"const": "read", "title": "Read", "description": "R."}]});
    let text = requests(json!({"Scope": scope, "Probe": calendar_settings()}), settings());
    for expected in [
        "calendar_id: impl Into<String>,\n        r#type: impl Into<String>,\n        from: impl Into<String>,",
        r#"const PATH: &'static str = "/calendars/{calendarId}/settings/{type}";"#,
        r#"path.push_str(&path_segment("calendarId", &self.calendar_id)?);"#,
        r#"path.push_str("/settings/");"#,
        r#"path.push_str(&path_segment("type", &self.r#type)?);"#,
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
}

#[test]
fn path_and_its_parameters_must_agree() {
    let change = |edit: &dyn Fn(&mut Value)| {
        let mut paths = settings();
        edit(&mut paths["/calendars/{calendarId}/settings/{type}"]["get"]);
        error(json!({"Probe": calendar_settings()}), paths)
    };
    let at = "#/paths/~1calendars~1{calendarId}~1settings~1{type}/get";
    type Edit<'a> = &'a dyn Fn(&mut Value);
    let cases: [(Edit<'_>, String); 5] = [
        (&|get| drop(get["parameters"].as_array_mut().unwrap().remove(0)), format!("{at}: ")),
        (&|get| get["parameters"][1]["name"] = json!("kind"), format!("{at}: ")),
        (&|get| get["parameters"][0]["required"] = json!(false), format!("{at}/parameters/0: ")),
        (&|get| get["parameters"][0]["schema"] = json!({"type": "boolean"}), format!("{at}/parameters/0: ")),
        (&|get| get["parameters"][2]["name"] = json!("self"), format!("{at}/parameters/2: ")),
    ];
    for (edit, pointer) in cases {
        let message = change(edit);
        assert!(message.starts_with(&pointer), "{message}");
    }
}

#[test]
fn response_of_an_operation_refuses_success_false() {
    let schemas = json!({"Probe": calendar_settings(), "Done": done(), "Other": done()});
    let mut paths = settings();
    paths["/it"] = operation(json!({}))["/it"].clone();
    let text = print(emit_answers::emit(&read::model(&document(schemas, paths)).unwrap())).unwrap();
    assert_eq!(
        text.matches("impl ResponseBody for").count(),
        2,
        "expected an impl for Probe and for Done, but not for Other\n{text}"
    );
    assert!(
        text.contains("(self.success == Some(false))") && text.contains(".or_else(|| self.extra.refusal())")
    );
    assert_eq!(
        text.matches("fn empty()").count(),
        1,
        "expected one `empty` function, for the response with status 204\n{text}"
    );
}

#[test]
fn client_method_is_generated_async_and_blocking() {
    let mut paths = settings();
    let get = &mut paths["/calendars/{calendarId}/settings/{type}"]["get"];
    (get["x-rust-method"], get["tags"]) = (json!("settings"), json!(["calendars"]));
    get["x-rust-example"] = json!("use {connect}::types;\n\nuser.calendars().settings(todo!())~?;");
    let scope =
        json!({"description": "S.", "oneOf": [{"const": "read", "title": "Read", "description": "R."}]});
    let mut document = document(json!({"Scope": scope, "Probe": calendar_settings()}), paths);
    let message = read::model(&document).expect_err("the tag is missing");
    assert!(message.starts_with("#/paths/~1calendars~1{calendarId}~1settings~1{type}/get: "), "{message}");
    document["tags"] = json!([{"name": "calendars", "description": "C."}]);
    let model = read::model(&document).unwrap();
    for (flavour, expected) in [
        (Flavour::Async, "pub async fn settings("),
        (Flavour::Async, "self.user.send(&request).await\n"),
        (
            Flavour::Async,
            "/// use connect_hyper::types;\n    ///\n    /// user.calendars().settings(todo!()).await?;\n",
        ),
        (
            Flavour::Blocking,
            "/// # fn example(user: connect_blocking::User) -> Result<(), connect_blocking::Error> {\n",
        ),
        (Flavour::Blocking, "pub fn settings("),
        (Flavour::Blocking, "self.user.send(&request)\n"),
        (Flavour::Blocking, "pub fn calendars(&self) -> Calendars<'_>"),
    ] {
        let text = print(emit_facade::emit(&model, flavour)).unwrap();
        assert!(text.contains(expected), "{expected}\n{text}");
    }
}

/// Adds an endpoint and a field of every kind to the real schema, and runs clippy on the output.
#[test]
fn output_is_free_of_lints() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let copy = root.join("target/generator");
    crate::simulation::copy_tracked(root, &copy).unwrap();
    let mut schema: Value = serde_json::from_slice(&fs::read(root.join(SCHEMA)).unwrap()).unwrap();
    for (path, item) in settings().as_object().unwrap() {
        schema["paths"][path] = item.clone();
    }
    for event in ["NewEvent", "UpdateEvent"] {
        let fields = &mut schema["components"]["schemas"][event]["properties"];
        for (name, kind) in [("probed", json!("string")), ("probeNote", json!(["string", "null"]))] {
            fields[name] = json!({"type": kind, "description": "R.", "x-rust-connect-only": true});
        }
        fields["probeRank"] = json!({"type": "integer", "format": "int32", "description": "R."});
        for (name, item) in [("probeTags", "string"), ("probeSizes", "integer"), ("probeFlags", "boolean")] {
            fields[name] = json!({"type": "array", "items": {"type": item}, "description": "T."});
        }
    }
    let many: serde_json::Map<_, _> =
        (0..9).map(|n| (format!("is_{n}"), json!({"type": "string", "description": "F."}))).collect();
    let names: Vec<_> = many.keys().cloned().collect();
    let body = json!({"type": "object", "description": "B.", "x-rust": "request", "required": names, "properties": many});
    let same = json!({"description": "E.\n\n* one\nand more", "anyOf": [
        {"const": "a", "title": "KindA", "description": "A."},
        {"const": "b", "title": "KindB", "description": "B."},
        {"type": "string"}
    ]});
    let schemas = &mut schema["components"]["schemas"];
    for (name, value) in [("Probe", calendar_settings()), ("DoIt", body), ("Kind", same), ("Done", done())] {
        schemas[name] = value;
    }
    let content = json!({"content": {"application/json": {"schema": {"$ref": "#/components/schemas/DoIt"}}}});
    schema["paths"]["/it"] = operation(json!({"requestBody": content}))["/it"].clone();
    fs::write(copy.join(SCHEMA), schema.to_string()).unwrap();
    write(&copy).unwrap();
    let cargo = |arguments: &[&str]| {
        let mut cargo = std::process::Command::new(env!("CARGO"));
        cargo.current_dir(&copy).env_remove("CARGO_TARGET_DIR").args(arguments).output().unwrap()
    };
    // Without clippy, at least check that the code compiles.
    let tool = if cargo(&["clippy", "--version"]).status.success() { "clippy" } else { "check" };
    let clients = ["-p", "mobiscroll-connect-hyper", "-p", "mobiscroll-connect-blocking"];
    let options = ["--quiet", "--locked", "--offline", "--config", "build.rustflags=['-Dwarnings']"];
    let output = cargo(&[&[tool, "-p", "mobiscroll-connect-types"], &clients[..], &options[..]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn every_keyword_is_documented_in_the_schema_readme() {
    let readme = include_str!("../../../schema/README.md");
    for keyword in read::keywords().filter(|keyword| keyword.starts_with("x-")) {
        assert!(readme.contains(&format!("| `{keyword}` |")), "{keyword}");
    }
}

#[test]
fn connect_only_field_is_listed_when_set() {
    let field = |kind: Value| json!({"type": kind, "description": "F.", "x-rust-connect-only": true});
    let body = json!({"type": "object", "description": "B.", "x-rust": "request", "x-rust-beside": true, "properties": {
        "probed": field(json!("string")), "note": field(json!(["string", "null"])),
        "title": {"type": "string", "description": "T."}
    }});
    let content = json!({"content": {"application/json": {"schema": {"$ref": "#/components/schemas/DoIt"}}}});
    let text = requests(json!({"DoIt": body, "Done": done()}), operation(json!({"requestBody": content})));
    for expected in
        [r#"(self.probed.is_some()).then_some("probed")"#, r#"(self.note != Patch::Keep).then_some("note")"#]
    {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
    assert!(!text.contains(r#"then_some("title")"#), "{text}");
}

#[test]
fn event_fields_has_the_fields_of_all_event_requests() {
    let body = |required: Value, fields: &[(&str, Value)]| {
        let properties: serde_json::Map<_, _> =
            fields.iter().map(|(name, kind)| ((*name).to_owned(), kind.clone())).collect();
        json!({"type": "object", "description": "B.", "x-rust": "request", "x-rust-beside": true,
            "required": required, "properties": properties})
    };
    let field = |kind: Value| json!({"type": kind, "description": "F."});
    let list = |kind: Value| json!({"type": kind, "items": {"type": "string"}, "description": "T."});
    let (text, flag) = (field(json!("string")), field(json!("boolean")));
    let fields = [("id", text.clone()), ("title", text.clone()), ("rank", flag)];
    let make =
        [&fields[..], &[("note", text.clone()), ("tags", list(json!("array"))), ("alone", text.clone())]];
    let nullable = [("note", field(json!(["string", "null"]))), ("tags", list(json!(["array", "null"])))];
    let of = |name: &str, body: Value| {
        let schema = json!({"$ref": format!("#/components/schemas/{name}")});
        let content = json!({"content": {"application/json": {"schema": schema}}});
        (body, operation(json!({"requestBody": content}))["/it"].clone())
    };
    let (make, do_make) = of("Make", body(json!(["id", "title"]), &make.concat()));
    let (change, do_change) = of("Change", body(json!(["id"]), &[&fields[..], &nullable].concat()));
    let paths = json!({"/make": do_make, "/change": do_change});
    let out = requests(json!({"Make": make, "Change": change, "Done": done()}), paths.clone());
    let common = out.split("pub struct EventFields {").nth(1).unwrap();
    for expected in
        ["title: Option<String>", "rank: Option<bool>", "note: Patch<String>", "tags: Patch<Vec<String>>"]
    {
        assert!(common.contains(&format!("pub {expected},")), "{expected}\n{common}");
    }
    assert!(!common.contains("pub id:") && !common.contains("pub alone:"), "{common}");
    for expected in [
        "title: Some(self.title.clone())",
        "note: Patch::of(self.note.clone())",
        "tags: Patch::of(Some(&self.tags).filter(|list| !list.is_empty()).cloned())",
    ] {
        assert!(out.contains(expected), "{expected}\n{out}");
    }
    let other = body(json!([]), &[("rank", text)]);
    let model =
        read::model(&document(json!({"Make": make, "Change": other, "Done": done()}), paths)).unwrap();
    let error = emit_requests::emit(&model).unwrap_err();
    assert_eq!(error, "rank: the event requests differ in the name or type of this field");
}

#[test]
fn list_of_numbers_has_setters_for_plain_numbers() {
    let list = |item: &str, singular: Option<&str>| {
        let mut list = json!({"type": "array", "items": {"type": item}, "description": "L."});
        list["x-rust-singular"] = json!(singular);
        list.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        list
    };
    let body = json!({"type": "object", "description": "B.", "x-rust": "request", "properties": {
        "sizes": list("integer", Some("size")), "names": list("string", None),
    }});
    let content = json!({"content": {"application/json": {"schema": {"$ref": "#/components/schemas/DoIt"}}}});
    let text = requests(json!({"DoIt": body, "Done": done()}), operation(json!({"requestBody": content})));
    for expected in [
        "pub fn size(mut self, size: u64) -> Self",
        "pub fn sizes(mut self, sizes: impl IntoIterator<Item = u64>) -> Self",
        "pub fn names<T: Into<String>>(mut self, names: impl IntoIterator<Item = T>) -> Self",
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
}

#[test]
fn names_are_converted_to_rust_case() {
    assert_eq!(read::snake("nextPageToken"), "next_page_token");
    assert_eq!(read::snake("access_token"), "access_token");
    assert_eq!(read::pascal("listEvents"), "ListEvents");
}

#[test]
fn fields_that_would_be_generated_wrong_are_refused() {
    let message = |property: Value| {
        let done = json!({
            "type": "object", "description": "D.", "x-rust": "answer", "properties": {"field": property},
        });
        error(json!({"Done": done}), operation(json!({})))
    };
    let clear = json!({
        "description": "F.", "type": "array", "items": {"type": "string"}, "x-rust-clear": "[]",
    });
    assert!(message(clear).ends_with("does not include null"));
    let choices = json!({"description": "F.", "oneOf": [{"const": "a", "title": "A", "description": "A."}]});
    assert!(message(choices).ends_with("referenced with `$ref`"));
}

#[test]
fn endpoint_that_accepts_a_form_and_json_is_sent_the_form() {
    let body = json!({"type": "object", "description": "B.", "x-rust": "request", "required": ["code"],
        "properties": {"code": {"type": "string", "description": "C."}}});
    let schema = json!({"schema": {"$ref": "#/components/schemas/DoIt"}});
    let both = json!({"application/json": schema, "application/x-www-form-urlencoded": schema});
    let schemas = json!({"DoIt": body, "Done": done()});
    let request = |content: Value| {
        requests(schemas.clone(), operation(json!({"requestBody": {"required": true, "content": content}})))
    };
    assert!(request(both).contains("Body::Form"));
    assert!(!request(json!({"application/json": schema})).contains("Body::Form"));
}

//! Writes a Postman collection from the API schema.
//!
//! The requests are in the order of a user's life: sign-in, calendars, an event, webhooks, sign-out. Each
//! request has a test, and stores what later requests need in collection variables.

use std::{fs, path::Path};

use serde_json::{Map, Value, json};

const SCHEMA: &str = "schema/connect.openapi.json";
const COLLECTION: &str = "schema/connect.postman_collection.json";

/// A request: its folder, the `operationId`, a name, and JavaScript that runs after the response.
struct Step {
    folder: &'static str,
    operation: &'static str,
    name: &'static str,
    /// The values of parameters and of the fields of the body, in place of those of the example.
    values: fn() -> Value,
    /// JavaScript. `body` is the response as JSON, and `keep` stores a collection variable.
    then: &'static str,
}

fn none() -> Value {
    json!({})
}

#[rustfmt::skip]
const STEPS: &[Step] = &[
    Step { folder: "1. Sign in", operation: "checkHealth", name: "Check the service", values: none,
        then: "pm.expect(body.status).to.eql('ok');" },
    Step { folder: "1. Sign in", operation: "authorize", name: "Authorize (with an account: open the URL in a browser)",
        values: || json!({"response_type": "code", "client_id": "{{clientId}}", "user_id": "{{userId}}", "redirect_uri": "{{redirectUri}}",
            "scope": "{{scope}}", "state": "{{state}}", "providers": null, "lng": null, "theme": null}),
        then: "const location = pm.response.headers.get('location');\n\
            const parameter = name => (location.match(`[?&]${name}=([^&]*)`) ?? [])[1];\n\
            pm.expect(parameter('state')).to.eql(pm.collectionVariables.get('state'));\n\
            keep('code', decodeURIComponent(parameter('code')));" },
    Step { folder: "1. Sign in", operation: "token", name: "Exchange the code",
        values: || json!({"code": "{{code}}", "redirect_uri": "{{redirectUri}}"}),
        then: "keep('accessToken', body.access_token);\nkeep('refreshToken', body.refresh_token);" },
    Step { folder: "1. Sign in", operation: "token", name: "Refresh the tokens",
        values: || json!({"grant_type": "refresh_token", "refresh_token": "{{refreshToken}}", "code": null, "redirect_uri": null}),
        then: "keep('accessToken', body.access_token);\nkeep('refreshToken', body.refresh_token);" },
    Step { folder: "1. Sign in", operation: "getConnectionStatus", name: "List the connected accounts", values: none,
        then: "pm.expect(Object.values(body.connections).flat()).to.not.be.empty;" },
    Step { folder: "2. Calendars and events", operation: "listCalendars", name: "List the calendars", values: none,
        then: "const calendar = body.find(one => one.provider === 'google') ?? body[0];\n\
            keep('provider', calendar.provider);\nkeep('calendarId', calendar.id);" },
    Step { folder: "2. Calendars and events", operation: "listEvents", name: "List a page of events",
        values: || json!({"start": "2027-01-01T00:00:00Z", "end": "2027-02-01T00:00:00Z", "pageSize": "10",
            "calendarIds": null, "nextPageToken": null, "singleEvents": null}),
        then: "pm.expect(body.events).to.be.an('array');" },
    Step { folder: "2. Calendars and events", operation: "createEvent", name: "Create a weekly event",
        values: || json!({"provider": "{{provider}}", "calendarId": "{{calendarId}}"}),
        then: "keep('eventId', (body.event ?? body).id);" },
    Step { folder: "2. Calendars and events", operation: "updateEvent", name: "Change all its occurrences",
        values: || json!({"provider": "{{provider}}", "calendarId": "{{calendarId}}", "eventId": "{{eventId}}", "updateMode": "all"}),
        then: "pm.expect((body.event ?? body).title).to.eql('Planning 2027');" },
    Step { folder: "2. Calendars and events", operation: "deleteEvent", name: "Delete the series",
        values: || json!({"provider": "{{provider}}", "calendarId": "{{calendarId}}", "eventId": "{{eventId}}", "recurringEventId": null,
            "deleteMode": "all"}),
        then: "" },
    Step { folder: "3. Webhooks", operation: "getWebhookKeys", name: "List the keys of signatures", values: none,
        then: "pm.expect(body.keys).to.not.be.empty;" },
    Step { folder: "3. Webhooks", operation: "subscribeWebhook", name: "Subscribe to a calendar (needs a webhook URL)",
        values: || json!({"provider": "{{provider}}", "calendarId": "{{calendarId}}"}),
        then: "keep('channelId', body.channelId ?? body.subscription.channelId);" },
    Step { folder: "3. Webhooks", operation: "unsubscribeWebhook", name: "Unsubscribe",
        values: || json!({"provider": "{{provider}}", "channelId": "{{channelId}}"}), then: "" },
    Step { folder: "4. Sign out", operation: "disconnect", name: "Disconnect the accounts of a provider",
        values: || json!({"provider": "{{provider}}", "account": null}), then: "" },
    Step { folder: "4. Sign out", operation: "revoke", name: "Revoke the tokens",
        values: || json!({"token": "{{refreshToken}}"}), then: "" },
];

const VARIABLES: &[(&str, &str)] = &[
    ("baseUrl", "http://127.0.0.1:8080/api"),
    ("origin", "http://127.0.0.1:8080"),
    ("clientId", "sandbox-client"),
    ("clientSecret", "sandbox-secret"),
    ("redirectUri", "http://127.0.0.1:8765/callback"),
    ("userId", "ada"),
    ("scope", "read-write"),
    ("state", "random-text"),
];

const DESCRIPTION: &str = "Every request of the Mobiscroll Connect API, in the order of a user's life. Generated from the \
    API schema.\n\nTo run the collection without an account, start a sandbox (`connect sandbox --port 8080 --set \
    webhook_url=http://127.0.0.1:9/`) and send the requests in order. With an account, set the variables `baseUrl` \
    (`https://connect.mobiscroll.com/api`), `origin`, `clientId`, `clientSecret` and `redirectUri`, open the URL of the \
    request \"Authorize\" in a browser, and copy the `code` from the address bar into the variable `code`.";

pub(crate) fn write(root: &Path) -> Result<(), String> {
    let path = root.join(COLLECTION);
    fs::write(&path, generate(root)?).map_err(|error| format!("{}: {error}", path.display()))
}

/// Returns an error if the committed collection differs from the generated one.
pub(crate) fn check(root: &Path) -> Result<(), String> {
    match fs::read_to_string(root.join(COLLECTION)) {
        Ok(text) if text == generate(root)? => Ok(()),
        _ => Err(format!("{COLLECTION} does not match the schema: run `cargo xtask collection`")),
    }
}

fn generate(root: &Path) -> Result<String, String> {
    let schema = fs::read_to_string(root.join(SCHEMA)).map_err(|error| format!("{SCHEMA}: {error}"))?;
    let schema: Value = serde_json::from_str(&schema).map_err(|error| format!("{SCHEMA}: {error}"))?;
    let mut folders: Vec<(&str, Vec<Value>)> = Vec::new();
    for step in STEPS {
        let item = item(&schema, step)
            .ok_or_else(|| format!("{SCHEMA}: no complete operation {}", step.operation))?;
        match folders.last_mut() {
            Some((folder, items)) if *folder == step.folder => items.push(item),
            _ => folders.push((step.folder, vec![item])),
        }
    }
    let missing = operations(&schema).find(|(_, _, operation)| {
        let id = operation["operationId"].as_str();
        operation.get("x-rust-kind").is_none() && STEPS.iter().all(|step| Some(step.operation) != id)
    });
    if let Some((path, ..)) = missing {
        return Err(format!("{SCHEMA}: {path} is not in the collection"));
    }
    let variables =
        VARIABLES.iter().map(|(key, value)| json!({"key": key, "value": value})).collect::<Vec<_>>();
    let collection = json!({
        "info": {
            "name": "Mobiscroll Connect, request by request",
            "description": DESCRIPTION,
            "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
        },
        "auth": {"type": "bearer", "bearer": [{"key": "token", "value": "{{accessToken}}", "type": "string"}]},
        "variable": variables,
        "item": folders.into_iter().map(|(name, item)| json!({"name": name, "item": item})).collect::<Vec<_>>()
    });
    serde_json::to_string_pretty(&collection).map(|text| text + "\n").map_err(|error| error.to_string())
}

/// Returns path, method and operation of every operation.
fn operations(schema: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    let paths = schema["paths"].as_object().into_iter().flatten();
    paths.flat_map(|(path, methods)| {
        let methods = methods.as_object().into_iter().flatten();
        let methods = methods.filter(|(_, operation)| operation.get("operationId").is_some());
        methods.map(move |(method, operation)| (&**path, &**method, operation))
    })
}

/// Returns a request of the collection, or `None` if the schema lacks the operation or its examples.
fn item(schema: &Value, step: &Step) -> Option<Value> {
    let (path, method, operation) =
        operations(schema).find(|(_, _, one)| one["operationId"] == step.operation)?;
    let mut values = (step.values)();
    // The path of the webhook keys is relative to the origin, not to the base URL.
    let base = if path.starts_with("/.well-known") { "{{origin}}" } else { "{{baseUrl}}" };
    let mut query = Vec::new();
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let name = parameter["name"].as_str()?;
        query.push(json!({
            "key": name,
            "value": values[name].as_str().unwrap_or_default(),
            "description": parameter["description"],
            "disabled": !values[name].is_string()
        }));
    }
    // The other values are those of the body.
    for parameter in &query {
        values.as_object_mut()?.remove(parameter["key"].as_str()?);
    }
    let sent = query.iter().filter(|one| one["disabled"] == false);
    let sent: Vec<_> =
        sent.filter_map(|one| Some(format!("{}={}", one["key"].as_str()?, one["value"].as_str()?))).collect();
    let mut raw = format!("{base}{path}");
    if !sent.is_empty() {
        raw += &format!("?{}", sent.join("&"));
    }
    let mut request = json!({
        "method": method.to_uppercase(),
        "description": format!("{}\n\n{}", operation["summary"].as_str()?, operation["description"].as_str()?),
        "url": {"raw": raw, "host": [base], "path": path.trim_start_matches('/').split('/').collect::<Vec<_>>(), "query": query}
    });
    let security = &operation["security"][0];
    if security.get("client").is_some() {
        let pair = [("username", "{{clientId}}"), ("password", "{{clientSecret}}")];
        let pair = pair.map(|(key, value)| json!({"key": key, "value": value, "type": "string"}));
        request["auth"] = json!({"type": "basic", "basic": pair});
    } else if security.is_null() {
        request["auth"] = json!({"type": "noauth"});
    }
    let content = &operation["requestBody"]["content"];
    if let Some(form) = content.get("application/x-www-form-urlencoded") {
        let fields = fields(&form["example"], &values)?;
        let fields: Vec<_> = fields.iter().map(|(key, value)| json!({"key": key, "value": value})).collect();
        request["body"] = json!({"mode": "urlencoded", "urlencoded": fields});
    } else if let Some(body) = content.get("application/json") {
        let text = serde_json::to_string_pretty(&fields(&body["example"], &values)?).ok()?;
        request["body"] = json!({"mode": "raw", "raw": text, "options": {"raw": {"language": "json"}}});
    }
    let statuses: Vec<_> =
        operation["responses"].as_object()?.keys().filter(|status| status.starts_with(['2', '3'])).collect();
    let allowed = statuses.iter().map(|status| status.as_str()).collect::<Vec<_>>().join(", ");
    let has_body = "const body = pm.response.text() ? pm.response.json() : {};";
    let test = [
        format!("pm.test('{}', () => {{", step.name.replace('\'', "")),
        format!("pm.expect(pm.response.code).to.be.oneOf([{allowed}]);"),
        if statuses.iter().any(|status| *status == "200") { has_body.to_owned() } else { String::new() },
        "const keep = (name, value) => { pm.expect(value).to.be.a('string').that.is.not.empty; pm.collectionVariables.set(name, value); };".to_owned(),
        step.then.to_owned(),
        "});".to_owned(),
    ];
    let lines: Vec<_> = test.iter().flat_map(|line| line.lines()).filter(|line| !line.is_empty()).collect();
    let mut item = json!({
        "name": step.name,
        "request": request,
        "response": responses(operation),
        "event": [{"listen": "test", "script": {"type": "text/javascript", "exec": lines}}]
    });
    if statuses.iter().any(|status| *status == "302") {
        item["protocolProfileBehavior"] = json!({"followRedirects": false});
    }
    Some(item)
}

/// Returns the fields of an example, with these values instead. A `null` removes a field.
fn fields(example: &Value, values: &Value) -> Option<Map<String, Value>> {
    let mut fields = example.as_object()?.clone();
    for (name, value) in values.as_object()? {
        if value.is_null() {
            fields.remove(name);
        } else {
            fields.insert(name.clone(), value.clone());
        }
    }
    Some(fields)
}

/// Returns the examples of the responses.
fn responses(operation: &Value) -> Vec<Value> {
    let responses = operation["responses"].as_object().into_iter().flatten();
    let examples = responses.filter_map(|(status, response)| {
        let example = response["content"]["application/json"].get("example")?;
        Some(json!({
            "name": response["description"],
            "code": status.parse::<u16>().ok()?,
            "header": [{"key": "Content-Type", "value": "application/json"}],
            "body": serde_json::to_string_pretty(example).ok()?
        }))
    });
    examples.collect()
}

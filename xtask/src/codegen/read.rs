//! From the schema to the model.

use serde_json::Value;

use super::model::{Answer, Body, Call, Enum, Field, Method, Model, Request, Ty, Variant};
use super::node::Node;

const DOCS: &[&str] = &["description", "title", "example", "examples", "default"];
const FIELD: &[&str] = &[
    "x-rust-name",
    "x-rust-type",
    "x-rust-default",
    "x-rust-strict",
    "x-rust-setter",
    "x-rust-singular",
    "x-rust-clear",
    "x-rust-initial",
    "x-rust-key",
    "x-rust-connect-only",
    "x-secret",
];
const STRUCT: &[&str] = &[
    "type",
    "required",
    "properties",
    "additionalProperties",
    "x-rust",
    "x-rust-name",
    "x-rust-text",
    "x-rust-settle",
    "x-rust-new",
    "x-rust-check",
    "x-rust-beside",
];
const OPERATION: &[&str] = &[
    "operationId",
    "summary",
    "description",
    "tags",
    "security",
    "parameters",
    "requestBody",
    "responses",
    "x-safety",
    "x-once-when",
    "x-scope",
    "x-rust-name",
    "x-rust-kind",
    "x-rust-method",
    "x-rust-pages",
    "x-rust-new",
    "x-rust-check",
    "x-rust-beside",
];

/// Every keyword that is read.
#[cfg(test)]
pub(crate) fn keywords() -> impl Iterator<Item = &'static str> {
    FIELD.iter().chain(STRUCT).chain(OPERATION).copied()
}

/// Reads a whole document.
pub(crate) fn model(document: &Value) -> Result<Model, String> {
    let root = Node::root(document);
    root.only(&[&["openapi", "info", "servers", "tags", "paths", "webhooks", "components"]])?;
    let reader = Reader { schemas: root.need("components")?.need("schemas")? };
    let mut model = Model::default();
    for tag in root.get("tags").map_or(Ok(Vec::new()), |tags| tags.items())? {
        tag.only(&[&["name", "description"]])?;
        model.groups.push((tag.need("name")?.text()?.to_owned(), doc(&tag)?));
    }
    for (name, schema) in reader.schemas.entries()? {
        match schema.word("x-rust")? {
            None => model.enums.push(reader.enumeration(name, &schema)?),
            Some("answer") => model.answers.push(reader.answer(name, &schema)?),
            Some("request" | "hand") => {}
            Some(other) => return schema.error(format!("x-rust `{other}` is not known")),
        }
    }
    for (path, item) in root.need("paths")?.entries()? {
        item.only(&[&["servers", "get", "put", "post", "delete"]])?;
        for (method, operation) in item.entries()?.into_iter().filter(|(key, _)| *key != "servers") {
            reader.operation(path, method, item.get("servers").is_some(), &operation, &mut model.requests)?;
            let named = model.requests.last().and_then(|request| request.call.named.as_ref());
            let group = named.and_then(|named| named.group.as_ref());
            if group.is_some_and(|group| !model.groups.iter().any(|(known, _)| known == group)) {
                return operation.error("its tag is not among the document's");
            }
        }
    }
    for Call { answer, empty, .. } in model.requests.iter().map(|request| &request.call) {
        match answer {
            Some(Ty::Named(name)) => {
                for known in model.answers.iter_mut().filter(|known| known.name == *name) {
                    known.answers = true;
                    known.empty |= empty;
                }
            }
            Some(Ty::List(item)) => {
                if let Ty::Named(name) = &**item {
                    model.lists.insert(name.clone());
                }
            }
            _ => {}
        }
    }
    Ok(model)
}

struct Reader<'a> {
    schemas: Node<'a>,
}

impl<'a> Reader<'a> {
    fn enumeration(&self, name: &str, schema: &Node<'a>) -> Result<Enum, String> {
        schema.only(&[DOCS, &["anyOf", "oneOf"]])?;
        let open = schema.get("anyOf").is_some();
        let mut variants = Vec::new();
        for choice in schema.need(if open { "anyOf" } else { "oneOf" })?.items()? {
            if let Some(value) = choice.word("const")? {
                choice.only(&[DOCS, &["const"]])?;
                let title = choice.need("title")?.text()?.to_owned();
                variants.push(Variant { name: title, value: value.to_owned(), doc: doc(&choice)? });
            } else if !open || choice.word("type")? != Some("string") {
                return choice.error("an enum is made of constants, and a string when it is open");
            }
        }
        Ok(Enum { name: name.to_owned(), doc: doc(schema)?, open, variants })
    }

    fn answer(&self, name: &str, schema: &Node<'a>) -> Result<Answer, String> {
        schema.only(&[DOCS, STRUCT])?;
        Ok(Answer {
            name: schema.word("x-rust-name")?.unwrap_or(name).to_owned(),
            doc: doc(schema)?,
            text: schema.word("x-rust-text")?.map(str::to_owned),
            settle: schema.flag("x-rust-settle", false)?,
            answers: false,
            empty: false,
            new: schema.words("x-rust-new")?.into_iter().map(str::to_owned).collect(),
            fields: self.properties(schema)?,
        })
    }

    fn properties(&self, schema: &Node<'a>) -> Result<Vec<Field>, String> {
        let required = schema.words("required")?;
        let properties = schema.get("properties").map_or(Ok(Vec::new()), |node| node.entries())?;
        properties.iter().map(|(wire, node)| self.field(wire, node, node, required.contains(wire))).collect()
    }

    /// A field from its schema and from what stands beside it: a property's own node, or a parameter.
    fn field(
        &self,
        wire: &str,
        schema: &Node<'a>,
        beside: &Node<'a>,
        required: bool,
    ) -> Result<Field, String> {
        let (ty, nullable) = self.ty(schema)?;
        let ty = beside.word("x-rust-type")?.map_or(ty, |name| Ty::Named(name.to_owned()));
        let name = beside.word("x-rust-name")?.map_or_else(|| snake(wire), str::to_owned);
        // What no raw identifier can be, and what the structs have themselves.
        if ["self", "Self", "super", "crate", "_", "extra", "beside", "new"].contains(&name.as_str()) {
            return beside.error(format!("`{name}` cannot be the name of a field: give it an x-rust-name"));
        }
        let constant = schema.word("const")?.map(str::to_owned);
        let limit = |key: &str| schema.get(key).map(|node| node.number()).transpose();
        Ok(Field {
            wire: wire.to_owned(),
            name,
            doc: if constant.is_some() { String::new() } else { doc(beside)? },
            ty,
            required,
            nullable,
            plain: beside.flag("x-rust-default", false)?,
            strict: beside.flag("x-rust-strict", false)?,
            secret: beside.flag("x-secret", false)?,
            connect_only: beside.flag("x-rust-connect-only", false)?,
            constant,
            setter: beside.flag("x-rust-setter", true)?,
            singular: beside.word("x-rust-singular")?.map(str::to_owned),
            clear: beside.word("x-rust-clear")?.unwrap_or("null").to_owned(),
            initial: beside.word("x-rust-initial")?.map(str::to_owned),
            filled: limit("minLength")?.is_some_and(|least| least > 0),
            range: limit("minimum")?.zip(limit("maximum")?),
        })
    }

    /// The type of a schema, and whether it may be null.
    fn ty(&self, schema: &Node<'a>) -> Result<(Ty, bool), String> {
        if schema.get("$ref").is_some() {
            schema.only(&[DOCS, FIELD, &["$ref"]])?;
            return Ok((Ty::Named(self.target(schema)?), false));
        }
        if schema.get("const").is_some() {
            schema.only(&[DOCS, &["const"]])?;
            return Ok((Ty::Text, false));
        }
        if let Some(choices) = schema.get("anyOf") {
            schema.only(&[DOCS, FIELD, &["anyOf"]])?;
            return match choices.items()?.as_slice() {
                [first, second] if second.word("type")? == Some("null") => Ok((self.ty(first)?.0, true)),
                _ => choices.error("a choice is of a type and null"),
            };
        }
        let kind = schema.need("type")?;
        let words = kind.items().map_or_else(|_| Ok(vec![kind.clone()]), Ok::<_, String>)?;
        let words = words.iter().map(Node::text).collect::<Result<Vec<_>, _>>()?;
        let nullable = words.len() == 2 && words[1] == "null";
        if words.len() > 1 && !nullable {
            return kind.error("a type is one word, or one word and null");
        }
        let format = schema.word("format")?;
        let keys: &[&str] = match words[0] {
            "string" => &["format", "pattern", "minLength"],
            "integer" => &["format", "minimum", "maximum"],
            "array" => &["items"],
            "object" => &["additionalProperties"],
            _ => &[],
        };
        schema.only(&[DOCS, FIELD, &["type"], keys])?;
        let ty = match (words[0], format) {
            ("string", None) => Ty::Text,
            ("string", Some("date-time")) => Ty::Instant,
            ("boolean", None) => Ty::Bool,
            ("integer", None | Some("int64")) => Ty::U64,
            ("integer", Some("int32")) => Ty::U32,
            ("array", None) => Ty::List(Box::new(self.ty(&schema.need("items")?)?.0)),
            ("object", None) => match (schema.need("additionalProperties")?, schema.word("x-rust-key")?) {
                (values, Some(key)) => Ty::Map(key.to_owned(), Box::new(self.ty(&values)?.0)),
                (values, None) if values.value.as_bool() == Some(true) => Ty::Raw,
                (values, None) => return values.error("an object is free, or a map with x-rust-key"),
            },
            _ => return kind.error("the generator does not know this type and format"),
        };
        Ok((ty, nullable))
    }

    /// The Rust name a reference leads to.
    fn target(&self, reference: &Node<'a>) -> Result<String, String> {
        let (name, schema) = self.follow(reference)?;
        Ok(schema.word("x-rust-name")?.unwrap_or(name).to_owned())
    }

    fn follow(&self, reference: &Node<'a>) -> Result<(&'a str, Node<'a>), String> {
        let pointer = reference.need("$ref")?;
        let name = pointer.text()?.strip_prefix("#/components/schemas/");
        let found = name.and_then(|name| Some((name, self.schemas.get(name)?)));
        found.map_or_else(|| pointer.error("leads nowhere"), Ok)
    }

    fn operation(
        &self,
        path: &str,
        method: &str,
        origin: bool,
        node: &Node<'a>,
        out: &mut Vec<Request>,
    ) -> Result<(), String> {
        node.only(&[OPERATION])?;
        let link = match node.word("x-rust-kind")? {
            None => false,
            Some("link") => true,
            Some("none") => return Ok(()),
            Some(other) => return node.error(format!("x-rust-kind `{other}` is not known")),
        };
        let once_when = node.get("x-once-when").map_or(Ok(Vec::new()), |rule| rule.entries())?;
        let call = Call {
            method: method.to_ascii_uppercase(),
            path: path.to_owned(),
            origin,
            auth: auth(&node.need("security")?)?,
            answer: if link { None } else { Some(self.answer_of(&node.need("responses")?)?) },
            empty: !link && may_be_empty(&node.need("responses")?)?,
            safety: match node.word("x-safety")? {
                Some("safe") => "Safe",
                Some("idempotent") => "Idempotent",
                Some("once") => "Once",
                None if link => "Safe",
                _ => return node.error("x-safety is one of safe, idempotent, once"),
            },
            once_when: once_when
                .iter()
                .map(|(field, value)| Ok(((*field).to_owned(), value.text()?.to_owned())))
                .collect::<Result<_, String>>()?,
            scope: node.word("x-scope")?.map(str::to_owned),
            named: named(node)?,
        };
        let text = format!("{}\n\n{}", node.need("summary")?.text()?, node.need("description")?.text()?);
        let line = format!("`{} {}`", call.method, call.path);
        let Some(body) = node.get("requestBody") else {
            let mut request = self.request(node, node, &call, Body::None)?;
            request.doc = format!("{text}\n\n{line}");
            out.push(request);
            return Ok(());
        };
        body.only(&[&["required", "content"]])?;
        let contents = body.need("content")?.entries()?;
        let [(media, content)] = contents.as_slice() else {
            return body.error("a body has one media type");
        };
        let form = match *media {
            "application/json" => false,
            "application/x-www-form-urlencoded" => true,
            _ => return content.error("the generator does not know this media type"),
        };
        let schema = content.need("schema")?;
        if schema.get("type").is_some() {
            schema.only(&[DOCS, &["type"]])?;
            let mut request = self.request(node, node, &call, Body::Json(Vec::new()))?;
            request.doc = format!("{text}\n\n{line}");
            out.push(request);
            return Ok(());
        }
        let choices = schema.get("oneOf").map_or_else(|| Ok(vec![schema.clone()]), |list| list.items())?;
        for choice in choices {
            let (name, target) = self.follow(&choice)?;
            target.only(&[DOCS, STRUCT])?;
            let fields = self.properties(&target)?;
            let body = if form { Body::Form(fields) } else { Body::Json(fields) };
            let mut request = self.request(node, &target, &call, body)?;
            name.clone_into(&mut request.name);
            request.doc = format!("{}\n\n{line}: {}", doc(&target)?, node.need("description")?.text()?);
            out.push(request);
        }
        Ok(())
    }

    /// A request of an operation; `holder` carries what steers the struct.
    fn request(
        &self,
        node: &Node<'a>,
        holder: &Node<'a>,
        call: &Call,
        body: Body,
    ) -> Result<Request, String> {
        let id = node.need("operationId")?.text()?;
        let parameters = node.get("parameters").map_or(Ok(Vec::new()), |list| list.items())?;
        let (mut path, mut query) = (Vec::new(), Vec::new());
        for parameter in &parameters {
            let (is_of_path, field) = self.parameter(parameter)?;
            if is_of_path { path.push(field) } else { query.push(field) }
        }
        check_path(node, call, &path)?;
        Ok(Request {
            name: node.word("x-rust-name")?.map_or_else(|| pascal(id), str::to_owned),
            doc: String::new(),
            new: holder.flag("x-rust-new", true)?,
            check: holder.flag("x-rust-check", false)?,
            beside: holder.flag("x-rust-beside", false)?,
            call: call.clone(),
            path,
            query,
            body,
        })
    }

    /// A parameter, and whether it is one of the path.
    fn parameter(&self, node: &Node<'a>) -> Result<(bool, Field), String> {
        node.only(&[DOCS, FIELD, &["name", "in", "required", "schema", "content", "style", "explode"]])?;
        let is_of_path = match node.word("in")? {
            Some("path") => true,
            Some("query") => false,
            _ => return node.error("a parameter is in the path or in the query"),
        };
        let schema = match node.get("content") {
            Some(content) => content.need("application/json")?.need("schema")?,
            None => node.need("schema")?,
        };
        let required = node.flag("required", false)?;
        let field = self.field(node.need("name")?.text()?, &schema, node, required)?;
        if is_of_path && !(required && !field.nullable && matches!(field.ty, Ty::Text | Ty::Named(_))) {
            return node.error("a parameter of the path is a required text, or a value of an enum");
        }
        Ok((is_of_path, field))
    }

    /// The type of the first success that has one.
    fn answer_of(&self, responses: &Node<'a>) -> Result<Ty, String> {
        let all = responses.entries()?;
        let mut good = all.iter().filter(|(status, _)| status.starts_with('2'));
        let Some(content) = good.find_map(|(_, answer)| answer.get("content")) else {
            return responses.error("no success has a content");
        };
        Ok(self.ty(&content.need("application/json")?.need("schema")?)?.0)
    }
}

/// The named operation of the clients that the operation becomes, if it says so.
fn named(node: &Node<'_>) -> Result<Option<Method>, String> {
    let Some(name) = node.word("x-rust-method")? else { return Ok(None) };
    let tags = node.words("tags")?;
    let [summary, description] =
        ["summary", "description"].map(|key| node.need(key).and_then(|text| text.text()));
    match (tags.as_slice(), node.need("security")?.items()?.is_empty()) {
        ([_], false) | ([], true) => Ok(Some(Method {
            group: tags.first().map(|&tag| tag.to_owned()),
            name: name.to_owned(),
            pages: node.flag("x-rust-pages", false)?,
            doc: format!("{}\n\n{}", summary?, description?),
        })),
        _ => node.error("a named operation of a user has one tag, and one that needs no user has none"),
    }
}

/// Whether a success has no content.
fn may_be_empty(responses: &Node<'_>) -> Result<bool, String> {
    let all = responses.entries()?;
    Ok(all.iter().any(|(status, answer)| status.starts_with('2') && answer.get("content").is_none()))
}

/// Each `{name}` of the path is one of its parameters, and each of those is there once.
fn check_path(node: &Node<'_>, call: &Call, parameters: &[Field]) -> Result<(), String> {
    let mut named: Vec<_> = path_parts(&call.path).into_iter().filter_map(|(_, name)| name).collect();
    named.sort_unstable();
    let mut known: Vec<_> = parameters.iter().map(|field| field.wire.as_str()).collect();
    known.sort_unstable();
    if named != known {
        return node.error(format!("the path names {named:?}, and its parameters are {known:?}"));
    }
    if call.answer.is_none() && !known.is_empty() {
        return node.error("a link has no parameters in its path");
    }
    Ok(())
}

/// `/a/{b}/c` as `("/a/", b)` and `("/c", none)`.
pub(crate) fn path_parts(path: &str) -> Vec<(&str, Option<&str>)> {
    let (mut parts, mut rest) = (Vec::new(), path);
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        parts.push((before, Some(name)));
        rest = after;
    }
    if !rest.is_empty() {
        parts.push((rest, None));
    }
    parts
}

fn auth(security: &Node<'_>) -> Result<&'static str, String> {
    let schemes = security.items()?;
    match schemes.first() {
        None => Ok("None"),
        Some(scheme) if scheme.get("bearer").is_some() => Ok("Bearer"),
        Some(scheme) if scheme.get("client").is_some() => Ok("Client"),
        Some(scheme) => scheme.error("is not bearer or client"),
    }
}

/// What becomes a doc comment: nothing public goes without one.
fn doc(node: &Node<'_>) -> Result<String, String> {
    match node.word("description")? {
        Some(text) if !text.is_empty() => Ok(text.to_owned()),
        _ => node.error("needs a description"),
    }
}

/// `nextPageToken` to `next_page_token`.
pub(crate) fn snake(name: &str) -> String {
    let mut out = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}

/// `listEvents` to `ListEvents`.
pub(crate) fn pascal(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
}

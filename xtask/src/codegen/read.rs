//! Reads the schema into the model.

use serde_json::Value;

use super::model::{Body, Call, Enum, Field, Method, Model, Request, ResponseBody, Ty, Variant};
use super::node::Node;

const FORM: &str = "application/x-www-form-urlencoded";
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
    "x-rust-example",
    "x-rust-pages",
    "x-rust-new",
    "x-rust-check",
    "x-rust-beside",
];

/// Returns every supported keyword of fields, structs and operations.
#[cfg(test)]
pub(crate) fn keywords() -> impl Iterator<Item = &'static str> {
    FIELD.iter().chain(STRUCT).chain(OPERATION).copied()
}

/// Reads a whole document.
pub(crate) fn model(document: &Value) -> Result<Model, String> {
    let root = Node::root(document);
    root.allow_only(&[&["openapi", "info", "servers", "tags", "paths", "webhooks", "components"]])?;
    let reader = Reader { schemas: root.require("components")?.require("schemas")? };
    let mut model = Model::default();
    for tag in root.get("tags").map_or(Ok(Vec::new()), |tags| tags.items())? {
        tag.allow_only(&[&["name", "description"]])?;
        model.groups.push((tag.require("name")?.text()?.to_owned(), doc(&tag)?));
    }
    for (name, schema) in reader.schemas.entries()? {
        match schema.optional_text("x-rust")? {
            None => model.enums.push(reader.enumeration(name, &schema)?),
            Some("answer") => model.answers.push(reader.answer(name, &schema)?),
            Some("request" | "hand") => {}
            Some(other) => {
                return schema
                    .error(format!("unknown x-rust value `{other}` (expected answer, request or hand)"));
            }
        }
    }
    for (path, item) in root.require("paths")?.entries()? {
        item.allow_only(&[&["servers", "get", "put", "post", "delete"]])?;
        for (method, operation) in item.entries()?.into_iter().filter(|(key, _)| *key != "servers") {
            reader.operation(path, method, item.get("servers").is_some(), &operation, &mut model.requests)?;
            let named = model.requests.last().and_then(|request| request.call.named.as_ref());
            let group = named.and_then(|named| named.group.as_ref());
            if group.is_some_and(|group| !model.groups.iter().any(|(known, _)| known == group)) {
                return operation.error("the operation's tag is missing from the document's `tags`");
            }
        }
    }
    for Call { answer, may_be_empty, .. } in model.requests.iter().map(|request| &request.call) {
        match answer {
            Some(Ty::Named(name)) => {
                for known in model.answers.iter_mut().filter(|known| known.name == *name) {
                    known.is_response = true;
                    known.may_be_empty |= may_be_empty;
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
        schema.allow_only(&[DOCS, &["anyOf", "oneOf"]])?;
        let open = schema.get("anyOf").is_some();
        let mut variants = Vec::new();
        for choice in schema.require(if open { "anyOf" } else { "oneOf" })?.items()? {
            if let Some(value) = choice.optional_text("const")? {
                choice.allow_only(&[DOCS, &["const"]])?;
                let title = choice.require("title")?.text()?.to_owned();
                variants.push(Variant { name: title, value: value.to_owned(), doc: doc(&choice)? });
            } else if !open || choice.optional_text("type")? != Some("string") {
                return choice
                    .error("is not a choice of an enum (expected `const`, or `type: string` in `anyOf`)");
            }
        }
        Ok(Enum { name: name.to_owned(), doc: doc(schema)?, open, variants })
    }

    fn answer(&self, name: &str, schema: &Node<'a>) -> Result<ResponseBody, String> {
        schema.allow_only(&[DOCS, STRUCT])?;
        Ok(ResponseBody {
            name: schema.optional_text("x-rust-name")?.unwrap_or(name).to_owned(),
            doc: doc(schema)?,
            text: schema.optional_text("x-rust-text")?.map(str::to_owned),
            normalizes: schema.flag("x-rust-settle", false)?,
            is_response: false,
            may_be_empty: false,
            new: schema.optional_texts("x-rust-new")?.into_iter().map(str::to_owned).collect(),
            fields: self.properties(schema)?,
        })
    }

    fn properties(&self, schema: &Node<'a>) -> Result<Vec<Field>, String> {
        let required = schema.optional_texts("required")?;
        let properties = schema.get("properties").map_or(Ok(Vec::new()), |node| node.entries())?;
        properties.iter().map(|(wire, node)| self.field(wire, node, node, required.contains(wire))).collect()
    }

    /// Reads a field. `holder` is the property or parameter that has the description and the extensions.
    fn field(
        &self,
        wire: &str,
        schema: &Node<'a>,
        holder: &Node<'a>,
        required: bool,
    ) -> Result<Field, String> {
        let (ty, nullable) = self.ty(schema)?;
        let ty = holder.optional_text("x-rust-type")?.map_or(ty, |name| Ty::Named(name.to_owned()));
        let name = holder.optional_text("x-rust-name")?.map_or_else(|| snake(wire), str::to_owned);
        // These are not valid raw identifiers, or are names that every generated struct uses.
        if ["self", "Self", "super", "crate", "_", "extra", "foreign_options", "new"].contains(&name.as_str())
        {
            return holder
                .error(format!("`{name}` cannot be the name of a field: set another name with x-rust-name"));
        }
        if holder.get("x-rust-clear").is_some() && !nullable {
            return holder.error("x-rust-clear is set, but the type of the field does not include null");
        }
        let constant = schema.optional_text("const")?.map(str::to_owned);
        let limit = |key: &str| schema.get(key).map(|node| node.number()).transpose();
        Ok(Field {
            wire: wire.to_owned(),
            name,
            doc: if constant.is_some() { String::new() } else { doc(holder)? },
            ty,
            required,
            nullable,
            plain: holder.flag("x-rust-default", false)?,
            strict: holder.flag("x-rust-strict", false)?,
            secret: holder.flag("x-secret", false)?,
            connect_only: holder.flag("x-rust-connect-only", false)?,
            constant,
            setter: holder.flag("x-rust-setter", true)?,
            singular: holder.optional_text("x-rust-singular")?.map(str::to_owned),
            clear: holder.optional_text("x-rust-clear")?.unwrap_or("null").to_owned(),
            initial: holder.optional_text("x-rust-initial")?.map(str::to_owned),
            filled: limit("minLength")?.is_some_and(|least| least > 0),
            range: limit("minimum")?.zip(limit("maximum")?),
        })
    }

    /// Returns the type of a schema, and whether it may be null.
    fn ty(&self, schema: &Node<'a>) -> Result<(Ty, bool), String> {
        if schema.get("$ref").is_some() {
            schema.allow_only(&[DOCS, FIELD, &["$ref"]])?;
            return Ok((Ty::Named(self.target(schema)?), false));
        }
        if schema.get("const").is_some() {
            schema.allow_only(&[DOCS, &["const"]])?;
            return Ok((Ty::Text, false));
        }
        if let Some(choices) = schema.get("anyOf") {
            schema.allow_only(&[DOCS, FIELD, &["anyOf"]])?;
            return match choices.items()?.as_slice() {
                [first, second] if second.optional_text("type")? == Some("null") => {
                    Ok((self.ty(first)?.0, true))
                }
                _ => choices.error("is not a list of one type and null"),
            };
        }
        if schema.get("oneOf").is_some() {
            return schema.error("an enum must be a schema under `components`, referenced with `$ref`");
        }
        let kind = schema.require("type")?;
        let words = kind.items().map_or_else(|_| Ok(vec![kind.clone()]), Ok::<_, String>)?;
        let words = words.iter().map(Node::text).collect::<Result<Vec<_>, _>>()?;
        let nullable = words.len() == 2 && words[1] == "null";
        if words.len() > 1 && !nullable {
            return kind.error("is not one type, or a list of one type and null");
        }
        let format = schema.optional_text("format")?;
        let keys: &[&str] = match words[0] {
            "string" => &["format", "pattern", "minLength"],
            "integer" => &["format", "minimum", "maximum"],
            "array" => &["items"],
            "object" => &["additionalProperties"],
            _ => &[],
        };
        schema.allow_only(&[DOCS, FIELD, &["type"], keys])?;
        let ty = match (words[0], format) {
            ("string", None) => Ty::Text,
            ("string", Some("date-time")) => Ty::Instant,
            ("boolean", None) => Ty::Bool,
            ("integer", None | Some("int64")) => Ty::U64,
            ("integer", Some("int32")) => Ty::U32,
            ("array", None) => Ty::List(Box::new(self.ty(&schema.require("items")?)?.0)),
            ("object", None) => {
                match (schema.require("additionalProperties")?, schema.optional_text("x-rust-key")?) {
                    (values, Some(key)) => Ty::Map(key.to_owned(), Box::new(self.ty(&values)?.0)),
                    (values, None) if values.value.as_bool() == Some(true) => Ty::Raw,
                    (values, None) => {
                        return values.error("is not `true` (expected `true`, or x-rust-key in the object)");
                    }
                }
            }
            _ => return kind.error("unsupported combination of type and format"),
        };
        Ok((ty, nullable))
    }

    /// Returns the Rust name of a referenced schema.
    fn target(&self, reference: &Node<'a>) -> Result<String, String> {
        let (name, schema) = self.follow(reference)?;
        Ok(schema.optional_text("x-rust-name")?.unwrap_or(name).to_owned())
    }

    fn follow(&self, reference: &Node<'a>) -> Result<(&'a str, Node<'a>), String> {
        let pointer = reference.require("$ref")?;
        let name = pointer.text()?.strip_prefix("#/components/schemas/");
        let found = name.and_then(|name| Some((name, self.schemas.get(name)?)));
        found.map_or_else(|| pointer.error("does not name a schema under #/components/schemas"), Ok)
    }

    fn operation(
        &self,
        path: &str,
        method: &str,
        origin: bool,
        node: &Node<'a>,
        out: &mut Vec<Request>,
    ) -> Result<(), String> {
        node.allow_only(&[OPERATION])?;
        let link = match node.optional_text("x-rust-kind")? {
            None => false,
            Some("link") => true,
            Some("none") => return Ok(()),
            Some(other) => {
                return node.error(format!("unknown x-rust-kind `{other}` (expected link or none)"));
            }
        };
        let once_when = node.get("x-once-when").map_or(Ok(Vec::new()), |rule| rule.entries())?;
        let call = Call {
            method: method.to_ascii_uppercase(),
            path: path.to_owned(),
            origin,
            auth: auth(&node.require("security")?)?,
            answer: if link { None } else { Some(self.answer_type(&node.require("responses")?)?) },
            may_be_empty: !link && has_success_without_content(&node.require("responses")?)?,
            safety: match node.optional_text("x-safety")? {
                Some("safe") => "Safe",
                Some("idempotent") => "Idempotent",
                Some("once") => "Once",
                None if link => "Safe",
                _ => return node.error("x-safety is missing or unknown (expected safe, idempotent or once)"),
            },
            once_when: once_when
                .iter()
                .map(|(field, value)| Ok(((*field).to_owned(), value.text()?.to_owned())))
                .collect::<Result<_, String>>()?,
            scope: node.optional_text("x-scope")?.map(str::to_owned),
            named: client_method(node)?,
        };
        let text =
            format!("{}\n\n{}", node.require("summary")?.text()?, node.require("description")?.text()?);
        let line = format!("`{} {}`", call.method, call.path);
        let Some(body) = node.get("requestBody") else {
            let mut request = self.request(node, node, &call, Body::None)?;
            request.doc = format!("{text}\n\n{line}");
            out.push(request);
            return Ok(());
        };
        body.allow_only(&[&["required", "content"]])?;
        let contents = body.require("content")?;
        contents.allow_only(&[&["application/json", FORM]])?;
        // If the endpoint accepts both, the client sends the form.
        let form = contents.get(FORM);
        let content = form.clone().map_or_else(|| contents.require("application/json"), Ok)?;
        let form = form.is_some();
        let schema = content.require("schema")?;
        if schema.get("type").is_some() {
            schema.allow_only(&[DOCS, &["type"]])?;
            let mut request = self.request(node, node, &call, Body::Json(Vec::new()))?;
            request.doc = format!("{text}\n\n{line}");
            out.push(request);
            return Ok(());
        }
        let choices = schema.get("oneOf").map_or_else(|| Ok(vec![schema.clone()]), |list| list.items())?;
        for choice in choices {
            let (name, target) = self.follow(&choice)?;
            target.allow_only(&[DOCS, STRUCT])?;
            let fields = self.properties(&target)?;
            let body = if form { Body::Form(fields) } else { Body::Json(fields) };
            let mut request = self.request(node, &target, &call, body)?;
            name.clone_into(&mut request.name);
            request.doc = format!("{}\n\n{line}: {}", doc(&target)?, node.require("description")?.text()?);
            out.push(request);
        }
        Ok(())
    }

    /// Reads a request of an operation. `holder` has the `x-rust` extensions of the struct.
    fn request(
        &self,
        node: &Node<'a>,
        holder: &Node<'a>,
        call: &Call,
        body: Body,
    ) -> Result<Request, String> {
        let id = node.require("operationId")?.text()?;
        let parameters = node.get("parameters").map_or(Ok(Vec::new()), |list| list.items())?;
        let (mut path, mut query) = (Vec::new(), Vec::new());
        for parameter in &parameters {
            let (is_of_path, field) = self.parameter(parameter)?;
            if is_of_path { path.push(field) } else { query.push(field) }
        }
        check_path(node, call, &path)?;
        Ok(Request {
            name: node.optional_text("x-rust-name")?.map_or_else(|| pascal(id), str::to_owned),
            doc: String::new(),
            new: holder.flag("x-rust-new", true)?,
            check: holder.flag("x-rust-check", false)?,
            has_foreign_options: holder.flag("x-rust-beside", false)?,
            call: call.clone(),
            path,
            query,
            body,
        })
    }

    /// Reads a parameter, and returns whether it is a path parameter.
    fn parameter(&self, node: &Node<'a>) -> Result<(bool, Field), String> {
        node.allow_only(&[
            DOCS,
            FIELD,
            &["name", "in", "required", "schema", "content", "style", "explode"],
        ])?;
        let is_of_path = match node.optional_text("in")? {
            Some("path") => true,
            Some("query") => false,
            _ => return node.error("is not a path or query parameter"),
        };
        let schema = match node.get("content") {
            Some(content) => content.require("application/json")?.require("schema")?,
            None => node.require("schema")?,
        };
        let required = node.flag("required", false)?;
        let field = self.field(node.require("name")?.text()?, &schema, node, required)?;
        if is_of_path && !(required && !field.nullable && matches!(field.ty, Ty::Text | Ty::Named(_))) {
            return node.error("a path parameter is not a required string or enum");
        }
        Ok((is_of_path, field))
    }

    /// Returns the type of the first successful response with content.
    fn answer_type(&self, responses: &Node<'a>) -> Result<Ty, String> {
        let all = responses.entries()?;
        let mut successes = all.iter().filter(|(status, _)| status.starts_with('2'));
        let Some(content) = successes.find_map(|(_, response)| response.get("content")) else {
            return responses.error("no successful response has `content`");
        };
        Ok(self.ty(&content.require("application/json")?.require("schema")?)?.0)
    }
}

/// Returns the client method of an operation with `x-rust-method`.
fn client_method(node: &Node<'_>) -> Result<Option<Method>, String> {
    let Some(name) = node.optional_text("x-rust-method")? else { return Ok(None) };
    let tags = node.optional_texts("tags")?;
    let [summary, description] =
        ["summary", "description"].map(|key| node.require(key).and_then(|text| text.text()));
    match (tags.as_slice(), node.require("security")?.items()?.is_empty()) {
        ([_], false) | ([], true) => Ok(Some(Method {
            group: tags.first().map(|&tag| tag.to_owned()),
            name: name.to_owned(),
            pages: node.flag("x-rust-pages", false)?,
            doc: format!("{}\n\n{}", summary?, description?),
            example: node.require("x-rust-example")?.text()?.to_owned(),
        })),
        _ => {
            node.error("an operation with x-rust-method needs one tag if it has `security`, otherwise no tag")
        }
    }
}

/// Returns whether a successful response has no content.
fn has_success_without_content(responses: &Node<'_>) -> Result<bool, String> {
    let all = responses.entries()?;
    Ok(all.iter().any(|(status, response)| status.starts_with('2') && response.get("content").is_none()))
}

/// Returns an error unless the `{name}`s in the path are exactly the path parameters.
fn check_path(node: &Node<'_>, call: &Call, parameters: &[Field]) -> Result<(), String> {
    let mut named: Vec<_> = path_parts(&call.path).into_iter().filter_map(|(_, name)| name).collect();
    named.sort_unstable();
    let mut known: Vec<_> = parameters.iter().map(|field| field.wire.as_str()).collect();
    known.sort_unstable();
    if named != known {
        return node.error(format!("the path contains {named:?}, but its parameters are {known:?}"));
    }
    if call.answer.is_none() && !known.is_empty() {
        return node.error("an operation with x-rust-kind `link` cannot have path parameters");
    }
    Ok(())
}

/// Splits a path: `/a/{b}/c` into `("/a/", Some("b"))` and `("/c", None)`.
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
        Some(scheme) => scheme.error("is not the scheme `bearer` or `client`"),
    }
}

/// Returns the description, which becomes a doc comment. Fails if the description is missing or empty.
fn doc(node: &Node<'_>) -> Result<String, String> {
    match node.optional_text("description")? {
        Some(text) if !text.is_empty() => Ok(text.to_owned()),
        _ => node.error("`description` is missing or empty"),
    }
}

/// Converts `nextPageToken` to `next_page_token`.
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

/// Converts `listEvents` to `ListEvents`.
pub(crate) fn pascal(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
}

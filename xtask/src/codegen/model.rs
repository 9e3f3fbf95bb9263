//! What the generator knows of the schema.

use std::collections::BTreeSet;

/// Everything there is to write.
#[derive(Debug, Default)]
pub(crate) struct Model {
    pub(crate) enums: Vec<Enum>,
    pub(crate) answers: Vec<Answer>,
    /// What the lists that operations answer with hold.
    pub(crate) lists: BTreeSet<String>,
    pub(crate) requests: Vec<Request>,
    /// The groups of the clients' named operations: name and description.
    pub(crate) groups: Vec<(String, String)>,
}

impl Model {
    /// The variant of an enum that stands for a value.
    pub(crate) fn variant(&self, name: &str, value: &str) -> Result<&str, String> {
        let values = self.enums.iter().find(|known| known.name == name).map(|known| &known.variants);
        let found = values.and_then(|values| values.iter().find(|variant| variant.value == value));
        found.map(|variant| variant.name.as_str()).ok_or_else(|| format!("{name} has no value `{value}`"))
    }
}

/// A set of texts: open when others may come.
#[derive(Debug)]
pub(crate) struct Enum {
    pub(crate) name: String,
    pub(crate) doc: String,
    pub(crate) open: bool,
    pub(crate) variants: Vec<Variant>,
}

#[derive(Debug)]
pub(crate) struct Variant {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) doc: String,
}

/// A struct that is read.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) name: String,
    pub(crate) doc: String,
    /// The field a bare text stands for.
    pub(crate) text: Option<String>,
    /// Whether a hand-written `settled` sees to the whole.
    pub(crate) settle: bool,
    /// Whether an operation answers with it.
    pub(crate) answers: bool,
    /// Whether an operation may answer with nothing in its place.
    pub(crate) empty: bool,
    /// The fields of `new`.
    pub(crate) new: Vec<String>,
    pub(crate) fields: Vec<Field>,
}

/// A struct that is sent, by one operation.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) name: String,
    pub(crate) doc: String,
    /// Whether `new` is generated; else `required`, for a hand-written one.
    pub(crate) new: bool,
    /// Whether a hand-written `check` refuses what does not fit together.
    pub(crate) check: bool,
    pub(crate) call: Call,
    /// Whether it carries more than this service is told: the crate then has its `Beside` and its `sent`.
    pub(crate) beside: bool,
    /// The parameters of the path.
    pub(crate) path: Vec<Field>,
    pub(crate) query: Vec<Field>,
    pub(crate) body: Body,
}

impl Request {
    /// The fields of the body.
    pub(crate) fn body_fields(&self) -> &[Field] {
        match &self.body {
            Body::None => &[],
            Body::Json(fields) | Body::Form(fields) => fields,
        }
    }

    /// The fields of the struct, in order.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &Field> {
        self.path.iter().chain(&self.query).chain(self.body_fields()).filter(|field| field.constant.is_none())
    }
}

/// A named operation of the clients.
#[derive(Debug, Clone)]
pub(crate) struct Method {
    /// The tag; `None` for an operation of the client itself.
    pub(crate) group: Option<String>,
    pub(crate) name: String,
    /// Whether its answers are pages.
    pub(crate) pages: bool,
    pub(crate) doc: String,
}

/// What is known of an operation beside its fields.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) method: String,
    pub(crate) path: String,
    /// Whether the path is under the origin.
    pub(crate) origin: bool,
    /// The variant of `Auth`.
    pub(crate) auth: &'static str,
    /// `None` for a link: a URL to be opened, not a call.
    pub(crate) answer: Option<Ty>,
    /// Whether a success may come without a body.
    pub(crate) empty: bool,
    /// The variant of `Safety`.
    pub(crate) safety: &'static str,
    /// The fields whose values (`*` for any) make it `Once`.
    pub(crate) once_when: Vec<(String, String)>,
    pub(crate) scope: Option<String>,
    pub(crate) named: Option<Method>,
}

#[derive(Debug)]
pub(crate) enum Body {
    None,
    Json(Vec<Field>),
    Form(Vec<Field>),
}

/// A field of either side.
#[derive(Debug)]
pub(crate) struct Field {
    /// The name on the wire.
    pub(crate) wire: String,
    /// The name in Rust.
    pub(crate) name: String,
    pub(crate) doc: String,
    pub(crate) ty: Ty,
    pub(crate) required: bool,
    /// Null clears it: a `Patch` in a request.
    pub(crate) nullable: bool,
    /// In an answer: empty by default instead of an `Option`.
    pub(crate) plain: bool,
    /// In an answer: must have its type, and is read in place.
    pub(crate) strict: bool,
    pub(crate) secret: bool,
    /// In a request that other services can be sent too: they have no such field.
    pub(crate) connect_only: bool,
    /// The one value it can have.
    pub(crate) constant: Option<String>,
    pub(crate) setter: bool,
    /// The name of the setter that adds one element.
    pub(crate) singular: Option<String>,
    /// The JSON that clears it.
    pub(crate) clear: String,
    /// The value it has unless told otherwise.
    pub(crate) initial: Option<String>,
    /// May be left out, but not be empty.
    pub(crate) filled: bool,
    /// The least and the most.
    pub(crate) range: Option<(u32, u32)>,
}

/// A Rust type.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Ty {
    Text,
    Bool,
    U32,
    U64,
    /// A date-time: an instant on the way in, a moment on the way out.
    Instant,
    /// A JSON object that is not looked into.
    Raw,
    /// A type of the crate, generated or written by hand.
    Named(String),
    List(Box<Ty>),
    /// An object whose keys are values of an enum.
    Map(String, Box<Ty>),
}

//! The schema in the form that the emitters use.

use std::collections::BTreeSet;

/// All types and operations to generate.
#[derive(Debug, Default)]
pub(crate) struct Model {
    pub(crate) enums: Vec<Enum>,
    pub(crate) answers: Vec<ResponseBody>,
    /// The element types of responses that are lists.
    pub(crate) lists: BTreeSet<String>,
    pub(crate) requests: Vec<Request>,
    /// The groups of client methods, each with its name and description.
    pub(crate) groups: Vec<(String, String)>,
}

impl Model {
    /// Returns the name of the variant for a value of the enum `name`.
    pub(crate) fn variant(&self, name: &str, value: &str) -> Result<&str, String> {
        let values = self.enums.iter().find(|known| known.name == name).map(|known| &known.variants);
        let found = values.and_then(|values| values.iter().find(|variant| variant.value == value));
        found
            .map(|variant| variant.name.as_str())
            .ok_or_else(|| format!("the enum {name} has no value `{value}`"))
    }
}

/// An enum of strings. If the enum is open, the service may send other values.
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

/// The struct of a response, or of a part of a response.
#[derive(Debug)]
pub(crate) struct ResponseBody {
    pub(crate) name: String,
    pub(crate) doc: String,
    /// The field that is set if the JSON value is a bare string.
    pub(crate) text: Option<String>,
    /// Whether a hand-written `normalize` is called after all fields are read.
    pub(crate) normalizes: bool,
    /// Whether the struct is a whole response of an operation.
    pub(crate) is_response: bool,
    /// Whether an operation with this response may also return an empty body.
    pub(crate) may_be_empty: bool,
    /// The fields that are arguments of `new`.
    pub(crate) new: Vec<String>,
    pub(crate) fields: Vec<Field>,
}

/// The struct of a request of one operation.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) name: String,
    pub(crate) doc: String,
    /// Whether `new` is generated. If not, a constructor `required` is generated, and the hand-written `new`
    /// calls `required`.
    pub(crate) new: bool,
    /// Whether a hand-written `check` validates the combination of fields.
    pub(crate) check: bool,
    pub(crate) call: Call,
    /// Whether the request has `ForeignOptions` and a hand-written `for_connect`.
    ///
    /// `ForeignOptions` are for services other than Connect.
    pub(crate) has_foreign_options: bool,
    /// The path parameters.
    pub(crate) path: Vec<Field>,
    pub(crate) query: Vec<Field>,
    pub(crate) body: Body,
}

impl Request {
    /// Returns the fields of the body.
    pub(crate) fn body_fields(&self) -> &[Field] {
        match &self.body {
            Body::None => &[],
            Body::Json(fields) | Body::Form(fields) => fields,
        }
    }

    /// Returns the fields of the struct, in order.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &Field> {
        self.path.iter().chain(&self.query).chain(self.body_fields()).filter(|field| field.constant.is_none())
    }
}

/// A client method for an operation.
#[derive(Debug, Clone)]
pub(crate) struct Method {
    /// The OpenAPI tag, which names the group of `User` methods. `None` for a method of `Client`.
    pub(crate) group: Option<String>,
    pub(crate) name: String,
    /// Whether the responses of the operation are pages.
    pub(crate) pages: bool,
    pub(crate) doc: String,
    /// Rust code that calls the method on `user` or `client`.
    ///
    /// `~` means `.await` in the async client, and `{connect}` means the name of the client's crate.
    pub(crate) example: String,
}

/// The properties of an operation other than its fields.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) method: String,
    pub(crate) path: String,
    /// Whether the path is relative to the origin instead of the base URL.
    pub(crate) origin: bool,
    /// The variant of `Auth`.
    pub(crate) auth: &'static str,
    /// The response type. `None` for an operation whose URL a browser opens.
    pub(crate) answer: Option<Ty>,
    /// Whether a successful response may have no body.
    pub(crate) may_be_empty: bool,
    /// The variant of `Safety`.
    pub(crate) safety: &'static str,
    /// The fields and values (`*` for any) that make the call `Once`.
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

/// A field of a request or a response.
#[derive(Debug)]
pub(crate) struct Field {
    /// The name in the API.
    pub(crate) wire: String,
    /// The name in Rust.
    pub(crate) name: String,
    pub(crate) doc: String,
    pub(crate) ty: Ty,
    pub(crate) required: bool,
    /// Whether the field may be null. In a request, a nullable field is a `Patch`.
    pub(crate) nullable: bool,
    /// Whether the Rust type of a response field is not an `Option`. A missing value is then read
    /// as the empty value of the type.
    pub(crate) plain: bool,
    /// Whether a value of the wrong type makes the whole response an error.
    pub(crate) strict: bool,
    pub(crate) secret: bool,
    /// Whether services other than Connect refuse a request that sets the field.
    pub(crate) connect_only: bool,
    /// The only possible value of the field.
    pub(crate) constant: Option<String>,
    pub(crate) setter: bool,
    /// The name of the setter that adds one element.
    pub(crate) singular: Option<String>,
    /// The JSON that clears the field.
    pub(crate) clear: String,
    /// The initial value in a new request.
    pub(crate) initial: Option<String>,
    /// Whether the field must not be empty if it is set.
    pub(crate) filled: bool,
    /// The minimum and the maximum.
    pub(crate) range: Option<(u32, u32)>,
}

/// A Rust type.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Ty {
    Text,
    Bool,
    U32,
    U64,
    /// A date-time: a `Timestamp` in a response, a `Moment` in a request.
    Instant,
    /// A JSON object that is stored as text.
    Raw,
    /// A type of connect-types, generated or written by hand.
    Named(String),
    List(Box<Ty>),
    /// An object whose keys are values of an enum.
    Map(String, Box<Ty>),
}

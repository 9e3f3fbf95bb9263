//! A strict parser for form bodies (WHATWG URL 5.1).

use connect_core::Secret;
use percent_encoding::percent_decode;

use super::refusal::Refusal;

/// The maximum length of a value in bytes. Google's codes and tokens have up to 512 bytes, and
/// Microsoft's codes and tokens have a few thousand bytes.
const MAX_VALUE_BYTES: usize = 8 << 10;

pub(super) struct Form(Vec<(String, Secret)>);

impl Form {
    /// Splits a form body into fields, and percent-decodes each name and value: `%252F` becomes `%2F`.
    pub(super) fn parse(body: &[u8]) -> Result<Self, Refusal> {
        let pieces = body.split(|byte| *byte == b'&').filter(|piece| !piece.is_empty());
        let fields = pieces.map(|piece| {
            let end = piece.iter().position(|byte| *byte == b'=').unwrap_or(piece.len());
            let value = piece.get(end + 1..).unwrap_or_default();
            Ok((decode(&piece[..end])?, Secret::from(decode(value)?)))
        });
        fields.collect::<Result<_, _>>().map(Self)
    }

    /// The value of a field; `None` for a missing or empty field. Refuses a repeated field (RFC 6749 3.2).
    pub(super) fn optional(&self, name: &'static str) -> Result<Option<Secret>, Refusal> {
        let mut values = self.0.iter().filter(|(known, _)| known == name).map(|(_, value)| value);
        let value = values.next();
        if values.next().is_some() {
            return Err(Refusal::REPEATED.of(name));
        }
        match value.filter(|value| !value.expose().is_empty()) {
            Some(value) if !is_valid_value(value.expose()) => Err(Refusal::VALUE.of(name)),
            value => Ok(value.cloned()),
        }
    }

    /// The value of a required field.
    pub(super) fn required(&self, name: &'static str) -> Result<Secret, Refusal> {
        self.optional(name)?.ok_or(Refusal::MISSING.of(name))
    }

    /// The code verifier, if sent (RFC 7636 4.1).
    pub(super) fn verifier(&self) -> Result<Option<Secret>, Refusal> {
        let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        let name = "code_verifier";
        match self.optional(name)? {
            Some(text)
                if !(43..=128).contains(&text.expose().len()) || !text.expose().bytes().all(unreserved) =>
            {
                Err(Refusal::VALUE.of(name))
            }
            verifier => Ok(verifier),
        }
    }
}

/// Whether a code, token or state is not too long and has only VSCHAR (RFC 6749, appendix A).
fn is_valid_value(value: &str) -> bool {
    value.len() <= MAX_VALUE_BYTES && value.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

fn decode(piece: &[u8]) -> Result<String, Refusal> {
    let spaced: Vec<u8> = piece.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    percent_decode(&spaced).decode_utf8().map(Into::into).map_err(|_| Refusal::ENCODING)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn code(body: &str) -> Result<Option<Secret>, Refusal> {
        Form::parse(body.as_bytes())?.optional("code")
    }

    #[test]
    fn value_is_decoded_once() {
        for (body, value) in [
            ("code=4%2F0Ab%2Bc%3Dd%26e", "4/0Ab+c=d&e"),
            ("code=4/0Ab=c", "4/0Ab=c"),
            ("x&&code=a+b&", "a b"),
            ("code=%252F", "%2F"),
            ("code=100%", "100%"),
            ("c%6Fde=a", "a"),
        ] {
            assert_eq!(code(body).unwrap().unwrap().expose(), value, "{body}");
        }
    }

    #[test]
    fn empty_or_misnamed_field_is_missing() {
        for body in ["", "code", "code=", "Code=a", "code[]=a", "code%5B%5D=a", "=a", "&"] {
            assert!(code(body).unwrap().is_none(), "{body}");
        }
    }

    #[test]
    fn value_with_control_characters_or_too_long_is_refused() {
        for body in ["code=a%00", "code=a%0d%0ab", "code=%7F", "code=%C3%A4", "code=a%09"] {
            assert_eq!(code(body).unwrap_err(), Refusal::VALUE.of("code"), "{body}");
        }
        let long = format!("code={}", "a".repeat(MAX_VALUE_BYTES + 1));
        assert_eq!(code(&long).unwrap_err(), Refusal::VALUE.of("code"));
        assert!(code(&format!("code={}", "a".repeat(MAX_VALUE_BYTES))).is_ok());
    }

    #[test]
    fn a_verifier_is_43_to_128_unreserved_characters() {
        let verifier =
            |text: &str| Form::parse(format!("code_verifier={text}").as_bytes()).unwrap().verifier();
        assert!(verifier("").unwrap().is_none());
        for good in [43, 128] {
            assert!(verifier(&"~".repeat(good)).unwrap().is_some());
        }
        for bad in ["a".repeat(42), "a".repeat(129), "a/".repeat(22)] {
            assert_eq!(verifier(&bad).unwrap_err(), Refusal::VALUE.of("code_verifier"));
        }
    }

    proptest! {
        #[test]
        fn encoded_value_is_decoded_unchanged(value in "[ -~]{1,60}", other in ".{0,20}") {
            let mut form = form_urlencoded::Serializer::new(String::new());
            let body = form.append_pair("other", &other).append_pair("code", &value).finish();
            let code = code(&body).unwrap().unwrap();
            prop_assert_eq!(code.expose(), value);
        }

        #[test]
        fn arbitrary_bytes_never_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(form) = Form::parse(&body) {
                let _ = (form.optional("code"), form.required(""), form.verifier());
            }
        }
    }
}

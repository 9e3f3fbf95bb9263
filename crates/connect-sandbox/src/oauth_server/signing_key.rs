//! The RSA key that signs ID tokens with RS256, and the documents that publish its public half.
//!
//! The key is part of the source code, so that every run issues the same tokens: a token that it signs proves
//! nothing outside a test.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::rsa::{KeyPair, PublicKeyComponents};
use ring::signature::RSA_PKCS1_SHA256;
use serde_json::{Value, json};
use std::sync::LazyLock;

/// The id of the key: the SHA-1 hash of the certificate, as in Microsoft's `kid` and `x5t`.
pub(super) const KEY_ID: &str = "QF_7Ha8O7he2VekKCU6DEqE-N9E";

static KEY: LazyLock<Option<KeyPair>> =
    LazyLock::new(|| KeyPair::from_der(&STANDARD.decode(PRIVATE_KEY).ok()?).ok());

/// Returns the claims as a signed JSON Web Token. `None` would mean that the key in this file is invalid.
pub(super) fn sign(claims: &Value, key_id: &str) -> Option<String> {
    let header = json!({ "alg": "RS256", "kid": key_id, "typ": "JWT" });
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(&header), part(claims));
    let key = KEY.as_ref()?;
    let mut signature = vec![0; key.public().modulus_len()];
    // The random numbers hide the key from timing attacks; the signature does not depend on them.
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature).ok()?;
    Some(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

/// Returns the public key as a JSON Web Key (RFC 7517) without optional members of a service.
pub(super) fn public_key() -> Value {
    let parts = KEY.as_ref().map(|key| PublicKeyComponents::<Vec<u8>>::from(key.public()));
    let [n, e] = parts.map_or([const { Vec::new() }; 2], |parts| [parts.n, parts.e]);
    let encoded = |number| URL_SAFE_NO_PAD.encode(number);
    json!({ "kty": "RSA", "use": "sig", "kid": KEY_ID, "n": encoded(n), "e": encoded(e) })
}

/// Returns the certificate of the key in PEM (RFC 7468).
pub(super) fn certificate() -> String {
    let lines = CERTIFICATE.as_bytes().chunks(64).map(String::from_utf8_lossy).collect::<Vec<_>>().join("\n");
    format!("-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n")
}

/// The private key (`RSAPrivateKey` of RFC 8017) in base64. Made with `openssl genpkey -algorithm RSA`.
const PRIVATE_KEY: &str = "MIIEpQIBAAKCAQEAs5gIn8813HL8E+OEiYMRXFru7S9tzc6Jc9zAH66JxYPnh6H9MjFtZoAQiko5YKeHG/l97iZoCYxeSIz0mZlv\
    EFCxhA3zkTHAX4V5C0y3XC3pgnZmNd/8nCFK2NC38yWmthxgrUey74N/HBtvbMBqEOW6/4C79CD4ivyeyu5qoayfkT5gDq2g4yJz\
    5zCJ7XWj89pDdfVt1fgvUJOrw2c5IuDPTLuONJ/zc+DizcAts3cqlqZZFc2/0rMXCGlHB/BGJKBkHovSni4xfwd2paLGStt1cYn7\
    Q0i8lOD70I4OREM5ZwFZbcrAQsShgBRffJqsjytOznaaIIIy4SRFFe0QfQIDAQABAoIBAAcDNbr/vUupVbx1EtTHwGLJzjCGvJPf\
    r7BNe1cBWrHSr7S1F4zhLzNkZsDvmwPyJq1p9YfaCg/tYjUVA+wHeLW7YOMWJF+UAL36GTreuP4pcMe+VclewJ9cEW8b30LoQnUz\
    8HZzqUH+8XSogZZOgRW90qptXWlv7CSJLq4f1xwO75PbA7+YtneJUPK4G/16XVJxoTvsa7JQrxvnYXrm5PKt751hma7xTwWXXTsA\
    2VTIxSxPVRSuwdit14KkM4wDvcSIEc0PlcjFJnaT14DsPHZwZ8Q0kO/DaC3zITpJW99AEbqyjV59L4suKlO65VLI3zRryuuPQsox\
    Ogwpk4CyIWUCgYEA+AgPWKIfUOD01u2SECdUyl8o9ftucbHWzXXu9jIBwqKZmzDScysqlgVO5irsY1m6qVwBbsAxmY8Ek10i0+0n\
    COs0KHyD3fjMuIntYSQOF06p/hQ4QpMmBfQ7IO6bKT01C/nIfueA6xRyReGO4xYvjcy3JM6pHrF72H92zo85pGcCgYEAuV0bdgGR\
    aEsHP+9oyKVhS4tkzhLSQJgjPZTEYhtprfci3CSXqta9S+9hyS3fqV/UHkhMirIP8RmYr9aFWvk+gblJ/H7HWIytepXVjJODic2W\
    ldC7Jf9uphXc29di0o825TjGAIkItDtBgCTaA3wbfXef8nE6lv/HmsSNyLsodXsCgYEA3xso6rpSXwcrVdW3SE6Ix8zXZIS5cQ3e\
    QUyvGcgbqz9l2qIM+8m9cdrugL3liuygqkz3gO7i7tUl8YSamnU9Yplnfm+akmWFiQ2QeIvdHPwGj2USwlfooPxy34miCnNjLxWN\
    UxHc9hibPd7KD9zaA7w8laBLoi9WToVBkkZlPEsCgYEAqYTj20zdzRJoo+jv3CeazjrBytBdpiM8f1HxM4O8ZxOPtuJkLiHK5ooa\
    1KB2XnC8DaGzFlh3ydfN0mmOdb9hkcOBTUAoUOv+rxAeRzyU3E6/O22z6bErYQq3e/oDb2r4GjOMqOqpoiJa6bVKCEvU3C6tgUxZ\
    98QdqIW+4OeAvccCgYEAnBDQAmZIapa5lYGYWwIQ7Ewej9apK9Wipwhf+9WL2XdkJPq7NcfdADk87DBLsIef1h7LTORANS5Iag4R\
    NtGewJtzXzPIg3T5iaGoGJ9MixjPDLK49hXnMxD3sUAi6uJ21nfjC9LpT5sE4/T19nL2wIbD11s1LMw0ovvxlRQ+IYc=";

/// A certificate of the key in base64, signed with the key itself. Valid from 2020 to 2120.
pub(crate) const CERTIFICATE: &str = "MIICnzCCAYegAwIBAgIBATANBgkqhkiG9w0BAQsFADASMRAwDgYDVQQDDAdzYW5kYm94MCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAw\
    MTAxMDAwMDAwWjASMRAwDgYDVQQDDAdzYW5kYm94MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAs5gIn8813HL8E+OE\
    iYMRXFru7S9tzc6Jc9zAH66JxYPnh6H9MjFtZoAQiko5YKeHG/l97iZoCYxeSIz0mZlvEFCxhA3zkTHAX4V5C0y3XC3pgnZmNd/8\
    nCFK2NC38yWmthxgrUey74N/HBtvbMBqEOW6/4C79CD4ivyeyu5qoayfkT5gDq2g4yJz5zCJ7XWj89pDdfVt1fgvUJOrw2c5IuDP\
    TLuONJ/zc+DizcAts3cqlqZZFc2/0rMXCGlHB/BGJKBkHovSni4xfwd2paLGStt1cYn7Q0i8lOD70I4OREM5ZwFZbcrAQsShgBRf\
    fJqsjytOznaaIIIy4SRFFe0QfQIDAQABMA0GCSqGSIb3DQEBCwUAA4IBAQAz+/9BTibywdmxZVnwFzFnHKblkF/cahWzjKgYO/2E\
    MRiBp3qj7dEUW/eXgQewbybGaZrlJtkegMbnLTG33rIsRiQmZtYzBfTY4JVA7+jRJLjRSAoa2yKx0zWXTMiCTHdbnmGKy+Io4+rx\
    Vv7IkWtRpx+2bNnWCfEEnNJzfHm7xvqO7uvkKemN0bO6kCNdQKwMOyaBKBXlRNZNaUz6GJpslgnICVuPamM/0XieSneD36vAnWob\
    mKJ5Ks+YycJZ1XJpHGJn2uPQWSBsf2NzAQVCXiC7cXwUd84oO7lHpFUi1wqS25TTP7S/cgka9VVml8AL6yLaAjVz1oSdC6a7Quw2";

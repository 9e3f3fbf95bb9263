//! The paths of the servers.

use super::AuthorizationServer::{Apptoto, Google, Microsoft};
use super::Endpoint::{self, Authorize, Decide, Revoke, Token};

pub(crate) const ROUTES: [(&str, Endpoint); 11] = [
    ("GET /google/o/oauth2/v2/auth", Authorize(Google)),
    ("POST /google/o/oauth2/v2/auth", Decide(Google)),
    ("POST /google/token", Token(Google)),
    ("POST /google/revoke", Revoke(Google)),
    ("GET /microsoft/{tenant}/oauth2/v2.0/authorize", Authorize(Microsoft)),
    ("POST /microsoft/{tenant}/oauth2/v2.0/authorize", Decide(Microsoft)),
    ("POST /microsoft/{tenant}/oauth2/v2.0/token", Token(Microsoft)),
    ("GET /apptoto/www/oauth/authorize", Authorize(Apptoto)),
    ("POST /apptoto/www/oauth/authorize", Decide(Apptoto)),
    ("POST /apptoto/api/oauth/token", Token(Apptoto)),
    ("POST /apptoto/api/oauth/revoke", Revoke(Apptoto)),
];

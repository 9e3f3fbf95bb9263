//! The switches for the data of the demo application.

use super::switch::{OptionalText, OptionalUri, Text, Uri, switches};

switches! {
    DemoApp {
        "client_id" client_id: Text = "sandbox-client" of "TEXT",
            "the client id of the demo application";
        "client_secret" client_secret: Text = "sandbox-secret" of "TEXT",
            "the client secret of the demo application";
        "redirect_uri" redirect_uri: Uri = "http://127.0.0.1:8765/callback" of "URI",
            "the registered redirect URI; the redirect_uri of an authorization request is ignored";
        "app_name" name: Text = "Demo application" of "TEXT",
            "the internal name of the demo application; not shown to users";
        "display_name" display_name: OptionalText = "" of "TEXT or empty",
            "the name of the demo application on the pages for users; if empty, the pages show \"The application\"";
        "webhook_url" webhook_url: OptionalUri = "" of "URI or empty",
            "the URL that deliveries of the demo application are posted to; if empty, a request to subscribe a calendar gets a 400";
    }
}

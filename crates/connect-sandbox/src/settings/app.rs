//! The demo application.

use super::switch::{OptionalText, OptionalUri, Text, Uri, switches};

switches! {
    /// The demo application.
    DemoApp {
        "client_id" client_id: Text = "sandbox-client" of "TEXT",
            "the demo application's id";
        "client_secret" client_secret: Text = "sandbox-secret" of "TEXT",
            "the demo application's secret";
        "redirect_uri" redirect_uri: Uri = "http://127.0.0.1:8765/callback" of "URI",
            "where authorize redirects to: the stored value wins over the query's";
        "app_name" name: Text = "Demo application" of "TEXT",
            "the demo application's internal name; users do not see it";
        "display_name" display_name: OptionalText = "" of "TEXT or nothing",
            "the demo application's name on the pages; without it they say \"The application\"";
        "webhook_url" webhook_url: OptionalUri = "" of "URI or nothing",
            "where the demo application takes deliveries; without it subscribing is a 400";
    }
}

let (client_id, client_secret, redirect_uri) = ("id", "secret", "https://app.example/callback");
// snippet

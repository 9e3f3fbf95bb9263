let random_text_of_your_secret_store = "a random text of 32 bytes or more";
// snippet

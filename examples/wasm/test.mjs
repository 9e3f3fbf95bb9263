// Signs a user in at the sandbox and lists calendars, before and after all access tokens expire.
//
// Usage: test.mjs CLIENT FILE, where FILE contains the line that `connect sandbox --json` printed.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { createRequire } from "node:module";

const [, , client, ready] = process.argv;
const { Connect } = createRequire(import.meta.url)(resolve(client));
const app = JSON.parse(readFileSync(ready, "utf8"));
const control = app.base_url.replace(/\/api$/, "/sandbox");
const stats = async () => (await fetch(`${control}/stats`)).json();

const user = new Connect(app.base_url, app.client_id, app.client_secret, app.redirect_uri, "ada");
const signIn = user.signIn();
const consent = await fetch(JSON.parse(signIn).url, { redirect: "manual" });
await user.finish(signIn, consent.headers.get("location"));

const calendars = JSON.parse(await user.calendars());
assert.ok(calendars.length > 0);
const year = new Date().getFullYear();
assert.ok(JSON.parse(await user.events(`${year}-01-01`, `${year + 1}-01-01`)).length > 0);

// Twenty calls that wait for the same refresh.
await fetch(`${control}/expire`, { method: "POST" });
const lists = await Promise.all(Array.from({ length: 20 }, () => user.calendars()));
assert.ok(lists.every((list) => JSON.parse(list).length === calendars.length));
assert.equal((await stats()).exchanges.refresh.granted, 1);

// A failed request is sent again, and a refused sign-in is an error.
const fault = { endpoint: "GET /calendars", status: 503 };
await fetch(`${control}/faults`, { method: "POST", body: JSON.stringify([fault]) });
assert.equal(JSON.parse(await user.calendars()).length, calendars.length);
await assert.rejects(user.finish(user.signIn(), "error=access_denied"), /access_denied|state/);
console.log(`listed ${calendars.length} calendars; 20 calls waited for one refresh`);

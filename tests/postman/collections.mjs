// Runs Postman collections with newman against a sandbox: the project's collection and, if its path is given,
// the service's public collection. Usage: collections.mjs READY OWN [PUBLIC ENVIRONMENT]
//
// The requests of the public collection are sent unchanged, except for its placeholders: the authorization code,
// the id of the event, and in the subscription the alias of the calendar, which the service does not accept there,
// and the expiration, which has passed. The script only moves the revocation to the end, and keeps what the
// responses return.

import { readFileSync } from "node:fs";
import newman from "newman";

const [, , readyFile, own, published, environmentFile] = process.argv;
const json = (path) => JSON.parse(readFileSync(path, "utf8"));
const ready = json(readyFile);
const settings = {
  baseUrl: ready.base_url,
  origin: ready.base_url.replace(/\/api$/, ""),
  clientId: ready.client_id,
  clientSecret: ready.client_secret,
  redirectUri: ready.redirect_uri,
};

function run(collection, environment) {
  const variables = Object.entries(settings).map(([key, value]) => ({ key, value }));
  return new Promise((resolve, reject) => {
    const done = (error, summary) => (error ? reject(error) : resolve(summary.run));
    newman.run({ collection, environment, envVar: variables, color: "off", reporters: "cli", reporter: { cli: { noSummary: true, noBanner: true } } }, done);
  });
}

/// Returns the public collection with placeholders filled, and with scripts that keep what later requests need.
function filled(collection) {
  const text = JSON.stringify(collection).replaceAll("PASTE_AUTH_CODE_HERE", "{{code}}").replaceAll("EVENT_ID_HERE", "{{eventId}}");
  const items = JSON.parse(text).item.flatMap((folder) => folder.item);
  const isRevoke = (item) => item.request.url.raw.endsWith("/oauth/revoke");
  const keep = {
    "/oauth/authorize": "pm.environment.set('code', decodeURIComponent(pm.response.headers.get('location').match(/[?&]code=([^&]*)/)[1]));",
    "/oauth/token": "const tokens = pm.response.json(); pm.environment.set('accessToken', tokens.access_token); pm.environment.set('refreshToken', tokens.refresh_token);",
    "/calendars": "pm.environment.set('calendarId', pm.response.json().find((one) => one.provider === 'google').id);",
    "/event": "if (pm.request.method === 'POST') { const body = pm.response.json(); pm.environment.set('eventId', (body.event ?? body).id); }",
  };
  for (const item of items) {
    if (item.request.url.raw.endsWith("/subscribe-webhook")) {
      item.request.body.raw = item.request.body.raw.replace('"primary"', '"{{calendarId}}"').replace(/\d{13}/, `${Date.now() + 86400000}`);
    }
    const path = item.request.url.raw.split("?")[0].replace("{{baseUrl}}", "");
    const test = `pm.test("is accepted", () => pm.expect(pm.response.code).to.be.within(200, 302)); ${keep[path] ?? ""}`;
    item.event = [{ listen: "test", script: { type: "text/javascript", exec: [test] } }];
    item.protocolProfileBehavior = { followRedirects: false };
  }
  return { ...collection, item: [...items.filter((item) => !isRevoke(item)), ...items.filter(isRevoke)] };
}

const runs = [["the project's collection", await run(json(own))]];
if (published) {
  runs.push(["the service's public collection", await run(filled(json(published)), json(environmentFile))]);
}
let failed = 0;
for (const [name, { stats, failures }] of runs) {
  const { requests, assertions } = stats;
  failed += failures.length + requests.failed + (assertions.total === requests.total && requests.total > 0 ? 0 : 1);
  console.log(`${name}: ${requests.total} requests, ${assertions.total} tests, ${failures.length} failed`);
}
process.exit(failed ? 1 : 0);

// Runs Google's API client for Node.js against the sandbox. The client only uses the origin of its rootUrl,
// and sends the token to be revoked in the query.

import { google } from 'googleapis';
import { Sandbox, assert, at, run } from './harness.mjs';

const ACCOUNT = 'witness-node@gmail.example';
const SCOPE = 'https://www.googleapis.com/auth/';
const HOLIDAYS = 'en.usa#holiday@group.v.calendar.google.com';
const sandbox = new Sandbox();
const app = await sandbox.app('google');

// The client sends all requests to this URL, with unchanged paths.
const rootUrl = `${sandbox.origin}/`;

function newAuth() {
    return new google.auth.OAuth2({
        clientId: app.clientId,
        clientSecret: app.clientSecret,
        redirectUri: app.redirectUri,
        forceRefreshOnFailure: true,
        endpoints: {
            oauth2AuthBaseUrl: `${sandbox.origin}/o/oauth2/v2/auth`,
            oauth2TokenUrl: `${sandbox.origin}/token`,
            oauth2RevokeUrl: `${sandbox.origin}/revoke`,
        },
    });
}

async function signIn(scope, prompt = 'consent') {
    const auth = newAuth();
    const { codeVerifier, codeChallenge } = await auth.generateCodeVerifierAsync();
    const url = auth.generateAuthUrl({
        access_type: 'offline', scope: SCOPE + scope, prompt, login_hint: ACCOUNT, code_challenge_method: 'S256',
        code_challenge: codeChallenge,
    });
    const { tokens } = await auth.getToken({ code: await sandbox.consent(url), codeVerifier });
    auth.setCredentials(tokens);
    return auth;
}

const auth = await signIn('calendar');
const calendar = google.calendar({ version: 'v3', rootUrl, auth });
const primary = { calendarId: 'primary' };
const meeting = (more) => ({ summary: 'Meeting', start: { dateTime: at(48) }, end: { dateTime: at(49) }, ...more });

async function refused(status, reason, call) {
    try {
        await call();
    } catch (error) {
        assert(Number(error.status) === status, [error.status, error.message]);
        const found = error.response.data.error.errors?.[0].reason ?? error.response.data.error;
        assert(found === reason, error.response.data);
        return;
    }
    throw new Error('the request was not refused');
}

async function everything(list, how) {
    const items = [];
    let pages = 0;
    let token;
    let last;
    do {
        ({ data: last } = await list({ ...how, pageToken: token }));
        items.push(...(last.items ?? []));
        pages += 1;
        token = last.nextPageToken;
    } while (token);
    return [items, pages, last];
}

const events = (how) => everything((asked) => calendar.events.list(asked), { ...primary, ...how });

await run('googleapis', {
    'list calendars on two pages, and get each by id': async () => {
        const [entries, pages] = await everything((asked) => calendar.calendarList.list(asked), { maxResults: 2 });
        assert(entries.length === 3 && pages === 2, entries);
        for (const entry of entries) {
            assert((await calendar.calendars.get({ calendarId: entry.id })).data.summary === entry.summary, entry);
            assert((await calendar.calendarList.get({ calendarId: entry.id })).data.id === entry.id, entry);
        }
        assert((await calendar.colors.get()).data.event['11']);
    },
    'list occurrences in order on all pages, and get each by id': async () => {
        const [found, pages] = await events({
            singleEvents: true, orderBy: 'startTime', maxResults: 25, timeMin: at(-24 * 40), timeMax: at(24 * 40),
        });
        const starts = found.map((one) => Date.parse(one.start.dateTime ?? one.start.date));
        assert(pages > 2 && found.length > 50, [pages, found.length]);
        assert(starts.every((start, index) => !index || starts[index - 1] <= start), starts);
        for (const one of found.slice(0, 40)) {
            assert((await calendar.events.get({ ...primary, eventId: one.id })).data.etag === one.etag, one);
        }
    },
    'insert, patch, update and delete an event': async () => {
        const { data: made } = await calendar.events.insert({
            ...primary, sendUpdates: 'all', conferenceDataVersion: 1,
            requestBody: meeting({
                attendees: [{ email: 'grace@example.org', displayName: 'Grace' }],
                extendedProperties: { private: { ticket: '42' } },
                conferenceData: { createRequest: { requestId: 'r1' } },
            }),
        });
        const event = { ...primary, eventId: made.id };
        assert(made.hangoutLink && made.attendees[0].displayName === 'Grace', made);
        const { data: patched } = await calendar.events.patch({ ...event, requestBody: { location: 'Room 5' } });
        assert(patched.location === 'Room 5' && patched.summary === 'Meeting', patched);
        await refused(412, 'conditionNotMet', () =>
            calendar.events.patch({ ...event, requestBody: { summary: 'x' } }, { headers: { 'If-Match': made.etag } }));
        const { data: updated } = await calendar.events.update({ ...event, requestBody: meeting({ summary: 'New' }) });
        assert(updated.summary === 'New' && !updated.location, updated);
        assert((await calendar.events.delete(event)).status === 204);
        await refused(410, 'deleted', () => calendar.events.delete(event));
        assert((await calendar.events.get(event)).data.status === 'cancelled');
    },
    'a series, an exception and a deleted occurrence': async () => {
        const zone = { timeZone: 'Europe/Budapest' };
        const body = meeting({ recurrence: ['RRULE:FREQ=DAILY;COUNT=4'] });
        await refused(400, 'required', () => calendar.events.insert({ ...primary, requestBody: body }));
        Object.assign(body.start, zone);
        Object.assign(body.end, zone);
        const { data: series } = await calendar.events.insert({ ...primary, requestBody: body });
        const event = { ...primary, eventId: series.id };
        const before = (await calendar.events.instances(event)).data.items;
        assert(before.length === 4 && before.every((one) => one.recurringEventId === series.id), before);
        await calendar.events.patch({ ...primary, eventId: before[1].id, requestBody: { summary: 'Another' } });
        await calendar.events.delete({ ...primary, eventId: before[2].id });
        const left = (await calendar.events.instances(event)).data.items.map((one) => one.summary);
        assert(left.join() === 'Meeting,Another,Meeting', left);
        await calendar.events.delete(event);
    },
    'synchronization, and an expired sync token': async () => {
        const [, , first] = await events({ maxResults: 2500 });
        const { data: made } = await calendar.events.insert({ ...primary, requestBody: meeting() });
        const [told, , second] = await events({ syncToken: first.nextSyncToken });
        assert(told.length === 1 && told[0].id === made.id, told);
        await calendar.events.delete({ ...primary, eventId: made.id });
        const [gone] = await events({ syncToken: second.nextSyncToken });
        assert(gone.length === 1 && gone[0].status === 'cancelled', gone);
        await sandbox.control('expire-sync-tokens', {});
        await refused(410, 'fullSyncRequired', () => events({ syncToken: second.nextSyncToken }));
    },
    'free/busy times': async () => {
        const { data: made } = await calendar.events.insert({ ...primary, requestBody: meeting() });
        const asked = { timeMin: at(47), timeMax: at(50), items: [{ id: 'primary' }, { id: 'nobody@example.org' }] };
        const { calendars } = (await calendar.freebusy.query({ requestBody: asked })).data;
        assert(calendars.primary.busy.length && calendars['nobody@example.org'].errors[0].reason === 'notFound', calendars);
        await calendar.events.delete({ ...primary, eventId: made.id });
    },
    'public calendars with an API key': async () => {
        const open = google.calendar({ version: 'v3', rootUrl, auth: 'sandbox-key' });
        assert((await open.events.list({ calendarId: HOLIDAYS })).data.items.length);
        await refused(404, 'notFound', () => open.events.list({ calendarId: ACCOUNT }));
    },
    'settings of the user': async () => {
        const { data } = await calendar.settings.list();
        const zone = data.items.find((one) => one.id === 'timezone');
        assert(zone.value === (await calendar.settings.get({ setting: 'timezone' })).data.value, data);
    },
    'error reasons, also of unknown paths': async () => {
        await refused(404, 'notFound', () => calendar.events.get({ ...primary, eventId: 'nothing' }));
        await refused(404, 'notFound', () => calendar.acl.list(primary));
        await refused(400, 'badRequest', () => calendar.events.list({ ...primary, orderBy: 'startTime' }));
    },
    'rate-limited requests are retried': async () => {
        await sandbox.control('set', { google_limit: '429', google_limit_every: 2 });
        try {
            for (let call = 0; call < 2; call += 1) assert((await calendar.events.list(primary)).data.items.length);
        } finally {
            await sandbox.control('set', { google_limit: 'off' });
        }
    },
    'an expired token is refreshed': async () => {
        const before = auth.credentials.access_token;
        await sandbox.control('expire', {});
        assert((await calendar.events.list(primary)).data.items.length);
        assert(auth.credentials.access_token !== before && auth.credentials.refresh_token, auth.credentials);
    },
    'a read-only scope cannot write': async () => {
        const reader = google.calendar({ version: 'v3', rootUrl, auth: await signIn('calendar.readonly') });
        await refused(403, 'insufficientPermissions', () => reader.events.insert({ ...primary, requestBody: meeting() }));
    },
    'revocation in the query ends the sign-in': async () => {
        const other = await signIn('calendar');
        const { refresh_token: refreshToken, access_token: token } = other.credentials;
        assert((await other.revokeCredentials()).status === 200);
        await refused(400, 'invalid_token', () => other.revokeToken(token));
        const dead = newAuth();
        dead.setCredentials({ refresh_token: refreshToken });
        await refused(400, 'invalid_grant', () => dead.getAccessToken());
    },
});

// Runs Microsoft's Graph client for Node.js against the sandbox. The client does not encode ids in paths, and
// follows links unchanged.

import graph from '@microsoft/microsoft-graph-client';
import { Sandbox, assert, at, run } from './harness.mjs';

const ACCOUNT = 'witness-node@outlook.example';
const sandbox = new Sandbox();
const app = await sandbox.app('microsoft');
const base = `${sandbox.origin}/microsoft/common/oauth2/v2.0`;
let tokens = await signIn('Calendars.ReadWrite offline_access');

async function form(fields) {
    const sent = { client_id: app.clientId, client_secret: app.clientSecret, ...fields };
    const answer = await fetch(`${base}/token`, { method: 'POST', body: new URLSearchParams(sent) });
    assert(answer.ok, answer.status);
    return answer.json();
}

async function signIn(scope) {
    const asked = {
        client_id: app.clientId, redirect_uri: app.redirectUri, response_type: 'code', scope, login_hint: ACCOUNT,
    };
    const code = await sandbox.consent(`${base}/authorize?${new URLSearchParams(asked)}`);
    return form({ grant_type: 'authorization_code', code, redirect_uri: app.redirectUri });
}

function clientOf(baseUrl) {
    return graph.Client.init({
        baseUrl,
        customHosts: new Set(['localhost']),
        authProvider: (done) => done(null, tokens.access_token),
    });
}

// The sandbox serves the API of Graph below a path, and also at the root, as the real service does.
const client = clientOf(`${sandbox.origin}/microsoft/graph`);
const root = clientOf(sandbox.origin);

async function refused(status, code, call) {
    try {
        await call();
    } catch (error) {
        assert(error.statusCode === status && error.code === code, [error.statusCode, error.code, error.message]);
        assert(error.requestId && error.date, error);
        return;
    }
    throw new Error('the request was not refused');
}

const when = (hours) => ({ dateTime: at(hours).replace('.000Z', ''), timeZone: 'UTC' });
const meeting = (more) => ({ subject: 'Meeting', start: when(48), end: when(49), ...more });
const view = (days) =>
    `/me/calendarView?startDateTime=${at(-24 * days)}&endDateTime=${at(24 * days)}`;

async function everything(from, path, top) {
    const items = [];
    const first = await from.api(path).top(top).get();
    const iterator = new graph.PageIterator(from, first, (item) => items.push(item));
    await iterator.iterate();
    return items;
}

await run('microsoft-graph-client', {
    'list calendars and get each by the id in the path': async () => {
        const calendars = await everything(client, '/me/calendars', 1);
        assert(calendars.length === 2, calendars);
        for (const one of calendars) {
            assert((await client.api(`/me/calendars/${one.id}`).get()).name === one.name, one);
            assert((await root.api(`/me/calendars/${one.id}/events`).top(1).get()).value.length === 1, one);
        }
    },
    'list all pages of a view, and get each event by the id in the path': async () => {
        const events = await everything(client, view(40), 15);
        assert(events.length > 30 && new Set(events.map((one) => one.id)).size === events.length, events.length);
        for (const one of events) {
            assert((await client.api(`/me/events/${one.id}`).get()).subject === one.subject, one);
        }
        const again = await everything(root, view(40), 15);
        assert(JSON.stringify(again.map((one) => one.id)) === JSON.stringify(events.map((one) => one.id)));
        const few = await client.api(view(40)).select('subject').orderby('start/dateTime').top(5).get();
        assert(few.value.every((one) => one.subject && !one.body), few);
    },
    'a view in a time zone': async () => {
        const zone = 'Tokyo Standard Time';
        const page = await client.api(view(10)).header('Prefer', `outlook.timezone="${zone}"`).top(5).get();
        assert(page.value.length && page.value.every((one) => one.start.timeZone === zone), page.value);
    },
    'create, read, update and delete an event': async () => {
        const made = await client.api('/me/events').post(meeting({
            location: { displayName: 'Room 5' }, body: { contentType: 'html', content: '<b>Agenda</b>' },
            attendees: [{ emailAddress: { address: 'grace@example.org', name: 'Grace' }, type: 'required' }],
            transactionId: crypto.randomUUID(),
        }));
        const path = `/me/events/${made.id}`;
        const read = await client.api(path).get();
        assert(read.location.displayName === 'Room 5' && read.attendees[0].emailAddress.name === 'Grace', read);
        const changed = await client.api(path).patch({ subject: 'Changed' });
        assert(changed.subject === 'Changed' && changed.location.displayName === 'Room 5', changed);
        await refused(412, 'ErrorIrresolvableConflict', () =>
            client.api(path).header('If-Match', made['@odata.etag']).patch({ subject: 'x' }));
        assert((await root.api(path).get()).subject === 'Changed');
        await root.api(path).delete();
        await refused(404, 'ErrorItemNotFound', () => client.api(path).get());
    },
    'a series, an exception and a deleted occurrence': async () => {
        const start = when(48);
        const series = await client.api('/me/calendar/events').post(meeting({
            recurrence: {
                pattern: { type: 'daily', interval: 1 },
                range: { type: 'numbered', startDate: start.dateTime.slice(0, 10), numberOfOccurrences: 4 },
            },
        }));
        const path = `/me/events/${series.id}/instances?startDateTime=${at(0)}&endDateTime=${at(24 * 20)}`;
        const before = (await client.api(path).get()).value;
        assert(before.length === 4 && before.every((one) => one.seriesMasterId === series.id), before);
        await client.api(`/me/events/${before[1].id}`).patch({ subject: 'Another' });
        await client.api(`/me/events/${before[2].id}`).delete();
        const left = (await client.api(path).get()).value.map((one) => `${one.type} ${one.subject}`);
        assert(left.join() === 'occurrence Meeting,exception Another,occurrence Meeting', left);
        await client.api(`/me/events/${series.id}`).delete();
        await refused(404, 'ErrorItemNotFound', () => client.api(`/me/events/${before[1].id}`).get());
    },
    'the changes since a delta link': async () => {
        const range = `startDateTime=${at(-24)}&endDateTime=${at(24 * 5)}`;
        const follow = async (path, told = []) => {
            const page = await client.api(path).get();
            told.push(...page.value);
            const next = page['@odata.nextLink'];
            return next ? follow(next, told) : [told, page['@odata.deltaLink']];
        };
        const [, link] = await follow(`/me/calendarView/delta?${range}`);
        const made = await client.api('/me/events').post(meeting());
        const [told, later] = await follow(link);
        assert(told.some((one) => one.id === made.id), told);
        await client.api(`/me/events/${made.id}`).delete();
        const [gone] = await follow(later);
        assert(gone.some((one) => one.id === made.id && one['@removed']), gone);
    },
    'busy times of a user': async () => {
        const made = await client.api('/me/events').post(meeting({ subject: 'Busy' }));
        const asked = { schedules: [ACCOUNT], startTime: made.start, endTime: made.end, availabilityViewInterval: 30 };
        const found = await client.api('/me/calendar/getSchedule').post(asked);
        assert(found.value[0].availabilityView === '22', found.value[0]);
        await client.api(`/me/events/${made.id}`).delete();
    },
    'error statuses and codes, also of unknown paths': async () => {
        await refused(400, 'ErrorInvalidIdMalformed', () => client.api('/me/events/AAMkAA').get());
        await refused(404, 'ErrorItemNotFound', () => client.api('/me/calendars/nobody').get());
        await refused(400, 'BadRequest', () => client.api('/me/messages').get());
        await refused(400, 'BadRequest', () => root.api('/users').get());
        await refused(405, 'Request_BadRequest', () => client.api('/me/events').put({}));
        await refused(400, 'ErrorPropertyValidationFailure', () => client.api('/me/events').post(meeting({ end: when(1) })));
    },
    '429 and 503 are tried again': async () => {
        try {
            for (const limit of ['429', '503']) {
                await sandbox.control('set', { graph_limit: limit, graph_limit_every: 2, graph_retry_after: '1' });
                for (let call = 0; call < 2; call += 1) assert((await client.api('/me/calendars').get()).value.length);
            }
        } finally {
            await sandbox.control('set', { graph_limit: 'off' });
        }
    },
    'an expired token gets a 401, and a refreshed one is accepted': async () => {
        await sandbox.control('expire', {});
        await refused(401, 'InvalidAuthenticationToken', () => client.api('/me/calendars').get());
        tokens = await form({ grant_type: 'refresh_token', refresh_token: tokens.refresh_token });
        assert((await client.api('/me/calendars').get()).value.length);
    },
    'a read-only scope cannot write': async () => {
        tokens = await signIn('Calendars.Read');
        await refused(403, 'ErrorAccessDenied', () => client.api('/me/events').post(meeting()));
    },
});

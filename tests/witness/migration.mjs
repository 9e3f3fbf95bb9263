// Runs every JavaScript block of the guide's chapter for users of the official Node SDK against the sandbox.
//
// Usage: migration.mjs READY CHAPTER, where READY contains the line that `connect sandbox --json` printed. The
// SDK must be installed in the folder of this file. Exits with 1 if a block failed.
//
// Each block is a module that runs with the names that the chapter introduces. A block after the line
// `<!-- expired -->` runs with an expired access token.

import { readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const [readyPath, chapterPath] = process.argv.slice(2);
const folder = path.dirname(fileURLToPath(import.meta.url));
const ready = JSON.parse(readFileSync(readyPath, 'utf8'));
const sandbox = new URL(ready.base_url);
const user = 'user-123';

// The SDK has no option for the base URL, so its requests to the service are sent to the sandbox.
https.request = (options, callback) => {
    if (options.hostname !== 'connect.mobiscroll.com') throw new Error(`unexpected host ${options.hostname}`);
    const { hostname, port } = sandbox;
    const headers = { ...options.headers, host: sandbox.host };
    return http.request({ ...options, protocol: 'http:', host: hostname, hostname, port, headers, agent: undefined }, callback);
};

async function control(name, body) {
    const answer = await fetch(`${sandbox.origin}/sandbox/${name}`, { method: 'POST', body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${name}: ${answer.status} ${await answer.text()}`);
    return answer.json();
}

/** The application's webhook URL: stores deliveries by id. */
class Receiver {
    arrived = new Map();

    async start() {
        const server = http.createServer(async (request, response) => {
            const chunks = [];
            for await (const chunk of request) chunks.push(chunk);
            this.arrived.set(request.headers['webhook-id'], { headers: request.headers, body: Buffer.concat(chunks) });
            response.writeHead(204).end();
        });
        await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
        this.url = `http://127.0.0.1:${server.address().port}/hook`;
    }

    async take(id) {
        for (let waited = 0; waited < 10_000; waited += 50) {
            if (this.arrived.has(id)) return this.arrived.get(id);
            await new Promise((resolve) => setTimeout(resolve, 50));
        }
        throw new Error(`the delivery ${id} did not arrive`);
    }
}

const { MobiscrollConnectClient } = await import('@mobiscroll/connect-sdk');
const config = { clientId: ready.client_id, clientSecret: ready.client_secret, redirectUri: ready.redirect_uri };
const receiver = new Receiver();
await receiver.start();
await control('set', { webhook_url: receiver.url, initial_sync: 'off' });
process.env.MOBISCROLL_CLIENT_ID = ready.client_id;
process.env.MOBISCROLL_CLIENT_SECRET = ready.client_secret;
process.env.MOBISCROLL_REDIRECT_URI = ready.redirect_uri;

/** Signs the user in as a browser would, and returns the code of the callback. */
async function consent(client) {
    const url = new URL(client.auth.generateAuthUrl({ userId: user, state: 's' }));
    const answer = await fetch(`${sandbox.origin}${url.pathname}${url.search}`, { redirect: 'manual' });
    return new URL(answer.headers.get('location')).searchParams.get('code');
}

/** Returns the names that the chapter introduces, for one block. */
async function names() {
    const client = new MobiscrollConnectClient(config);
    const tokens = await client.auth.getToken(await consent(client));
    const calendar = (await client.calendars.list()).find((one) => one.provider === 'google');
    const day = 24 * 60 * 60 * 1000;
    const start = new Date(Math.floor(Date.now() / 1000) * 1000 + 2 * day);
    const event = { provider: 'google', calendarId: calendar.id, title: 'Planning', start, end: new Date(start.getTime() + 3600_000) };
    const created = await client.events.create(event);
    const series = await client.events.create({ ...event, recurrence: { frequency: 'DAILY', count: 3 } });
    const listed = await client.events.list({ start, end: new Date(start.getTime() + 5 * day), pageSize: 1000 });
    const occurrence = listed.events.filter((one) => one.recurringEventId === series.id)[1];
    const told = await control('trigger', { user, change: 'updated' });
    const { body, headers } = await receiver.take(told.delivery);
    const code = await consent(client);
    return { client, userId: user, code, tokens, calendar, event: created, occurrence, database: new Map(), body, headers };
}

const text = readFileSync(chapterPath, 'utf8');
const blocks = [...text.matchAll(/(<!-- expired -->\n)?^```js\n(.*?)^```$/gms)];
const heads = [...text.matchAll(/^\|.*\|\n\|[ :|-]+\|\n/gm)].length;
const rows = [...text.matchAll(/^\|.*\|$/gm)].length - 2 * heads;
const log = console.log;
let failed = 0;
for (const [index, block] of blocks.entries()) {
    const line = text.slice(0, block.index).split('\n').length + (block[1] ? 2 : 1);
    const where = `${path.basename(chapterPath)}:${line}`;
    const file = path.join(folder, `block-${index}.mjs`);
    writeFileSync(file, block[2]);
    Object.assign(globalThis, await names());
    if (block[1]) await control('expire', {});
    try {
        console.log = () => {};
        await import(pathToFileURL(file));
        console.log = log;
        console.log(`ok   ${where}`);
    } catch (error) {
        console.log = log;
        failed += 1;
        console.log(`FAIL ${where}`);
        console.error(error);
    }
}
console.log(`${rows} table rows, ${blocks.length} JavaScript blocks run`);
console.log(`${blocks.length - failed} passed, ${failed} failed`);
process.exit(failed || !blocks.length ? 1 : 0);

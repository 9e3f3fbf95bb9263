// Shared by the Node.js clients: a browser that consents, the sandbox's control endpoints, and the check
// runner.

import { readFileSync } from 'node:fs';

export class Sandbox {
    constructor() {
        this.ready = JSON.parse(readFileSync(process.argv[2], 'utf8'));
        this.origin = this.ready.base_url.replace(/\/api$/, '');
    }

    async control(path, body) {
        const how = body ? { method: 'POST', body: JSON.stringify(body) } : {};
        const answer = await fetch(`${this.origin}/sandbox/${path}`, how);
        if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
        return answer.json();
    }

    async app(provider) {
        return (await this.control('providers'))[provider].apps[0];
    }

    /** Opens the authorization URL as a browser, and returns the code in the callback. */
    async consent(url) {
        const answer = await fetch(url, { redirect: 'manual' });
        return new URL(answer.headers.get('location')).searchParams.get('code');
    }
}

export function at(hours) {
    const start = new Date();
    start.setUTCMinutes(0, 0, 0);
    start.setUTCHours(start.getUTCHours() + hours);
    return start.toISOString();
}

export function assert(held, found) {
    if (!held) throw new Error(`it does not hold: ${JSON.stringify(found)}`);
}

/** Runs the checks one after the other, prints their results, and counts the passed and the failed checks. */
export async function run(name, checks) {
    let failed = 0;
    for (const [what, check] of Object.entries(checks)) {
        try {
            await check();
            console.log(`ok   ${name}: ${what}`);
        } catch (error) {
            failed += 1;
            console.log(`FAIL ${name}: ${what}`);
            console.error(error);
        }
    }
    const passed = Object.keys(checks).length - failed;
    console.log(`${name}: ${passed} checks passed, ${failed} failed`);
    process.exit(failed || !passed ? 1 : 0);
}

// Signs in with MSAL Node, and calls Graph with its tokens. The settings are those that MSAL documents for an
// authority that Microsoft does not host: `authority` and `knownAuthorities`. jose verifies the ID tokens.

import { ConfidentialClientApplication, CryptoProvider, PublicClientApplication } from '@azure/msal-node';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { Sandbox, assert, at, run } from './harness.mjs';

const ACCOUNT = 'witness-msal-node@outlook.example';
const SCOPES = ['https://graph.microsoft.com/Calendars.ReadWrite'];
const sandbox = new Sandbox();
const known = (await sandbox.control('providers')).microsoft.apps;
const [secret, open] = [false, true].map((isPublic) => known.find((app) => app.public === isPublic));
const authority = (tenant) => `${sandbox.origin}/${tenant}`;
const auth = (tenant) => ({ authority: authority(tenant), knownAuthorities: [new URL(sandbox.origin).host] });
const publicApp = (tenant = 'common') => new PublicClientApplication({ auth: { clientId: open.clientId, ...auth(tenant) } });
const confidentialApp = (tenant = 'common') => new ConfidentialClientApplication({
    auth: { clientId: secret.clientId, clientSecret: secret.clientSecret, ...auth(tenant) },
});
const app = publicApp();

async function redirected(url) {
    const reply = await fetch(url, { redirect: 'manual' });
    return new URL(reply.headers.get('location'));
}

/** Signs in with PKCE and a nonce, which MSAL compares with the nonce in the ID token. */
async function signIn(client, redirectUri, scopes = SCOPES) {
    const crypto = new CryptoProvider();
    const { verifier, challenge } = await crypto.generatePkceCodes();
    const [nonce, state] = [crypto.createNewGuid(), crypto.createNewGuid()];
    const url = await client.getAuthCodeUrl({
        scopes, redirectUri, nonce, state, loginHint: ACCOUNT, codeChallenge: challenge, codeChallengeMethod: 'S256',
    });
    const parameters = (await redirected(url)).searchParams;
    assert(parameters.get('state') === state, [...parameters]);
    return client.acquireTokenByCode({ scopes, redirectUri, nonce, code: parameters.get('code'), codeVerifier: verifier });
}

async function graph(token, method, path, body) {
    const reply = await fetch(`${sandbox.origin}/v1.0${path}`, {
        method, body: body && JSON.stringify(body),
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    });
    assert(reply.ok, reply.status);
    return reply.status === 204 ? undefined : reply.json();
}

/** Lists, creates, changes and deletes. */
async function calendar({ accessToken }) {
    const when = (hours) => ({ dateTime: at(hours).replace('.000Z', ''), timeZone: 'UTC' });
    const event = await graph(accessToken, 'POST', '/me/events', { subject: 'Meeting', start: when(48), end: when(49) });
    await graph(accessToken, 'PATCH', `/me/events/${event.id}`, { subject: 'Changed' });
    const range = `startDateTime=${at(47)}&endDateTime=${at(50)}`;
    const { value } = await graph(accessToken, 'GET', `/me/calendarView?${range}&$top=100`);
    assert(value.find((one) => one.id === event.id).subject === 'Changed', value);
    await graph(accessToken, 'DELETE', `/me/events/${event.id}`);
}

async function metadata(tenant = 'common') {
    return (await fetch(`${authority(tenant)}/v2.0/.well-known/openid-configuration`)).json();
}

async function refused(call, code) {
    try {
        await call();
    } catch (error) {
        assert([error.errorCode, error.errorMessage].includes(code), [error.errorCode, error.message]);
        return;
    }
    throw new Error('the request was not refused');
}

async function device(decision, client = app) {
    return client.acquireTokenByDeviceCode({
        scopes: SCOPES,
        deviceCodeCallback: ({ verificationUri, userCode }) => setTimeout(() => fetch(verificationUri, {
            method: 'POST',
            body: new URLSearchParams({ user_code: userCode, login_hint: 'device-node@outlook.example', decision }),
        }), 1500),
    });
}

await run('MSAL Node', {
    'a public client signs in with PKCE, a nonce and a loopback redirect URI, and uses the calendar': async () => {
        const result = await signIn(app, 'http://localhost:49152');
        await calendar(result);
        const { oid, tid } = result.idTokenClaims;
        assert(result.account.homeAccountId === `${oid}.${tid}` && result.account.username === ACCOUNT, result.account);
    },
    'acquireTokenSilent finds the token in the cache, and refreshes it on demand': async () => {
        const [account] = await app.getTokenCache().getAllAccounts();
        const cached = await app.acquireTokenSilent({ scopes: SCOPES, account });
        const fresh = await app.acquireTokenSilent({ scopes: SCOPES, account, forceRefresh: true });
        assert(cached.fromCache && !fresh.fromCache && cached.accessToken !== fresh.accessToken, fresh);
        await calendar(fresh);
    },
    'a confidential client signs in, refreshes, and uses the calendar with the scope .default': async () => {
        const client = confidentialApp();
        const scopes = ['https://graph.microsoft.com/.default'];
        const result = await signIn(client, secret.redirectUri, scopes);
        await calendar(result);
        const account = result.account;
        assert((await client.acquireTokenSilent({ scopes, account })).fromCache, 'from the cache');
        await calendar(await client.acquireTokenSilent({ scopes, account, forceRefresh: true }));
    },
    'the ID token verifies with the keys and the issuer of the metadata': async () => {
        for (const tenant of ['consumers', 'contoso.example', '72f988bf-86f1-41af-91ab-2d7cd011db47']) {
            const { idToken } = await signIn(confidentialApp(tenant), secret.redirectUri);
            const { issuer, jwks_uri: keys } = await metadata(tenant);
            await jwtVerify(idToken, createRemoteJWKSet(new URL(keys)), { issuer, audience: secret.clientId });
        }
    },
    'an ID token with another nonce is refused': async () => {
        await sandbox.control('set', { id_token_fault: 'nonce' });
        try {
            await refused(() => signIn(confidentialApp(), secret.redirectUri), 'nonce_mismatch');
        } finally {
            await sandbox.control('set', { id_token_fault: 'off' });
        }
    },
    'a device signs in while the user enters the code': async () => {
        const result = await device('approve');
        assert(result.account.username === 'device-node@outlook.example', result.account);
        await calendar(result);
    },
    'a device is told that the user declined': () => refused(() => device('deny'), 'authorization_declined'),
    'sign-out removes the accounts from the cache, and the end session endpoint redirects': async () => {
        const cache = app.getTokenCache();
        const accounts = await cache.getAllAccounts();
        assert(accounts.length === 2, accounts);
        for (const account of accounts) await cache.removeAccount(account);
        assert((await cache.getAllAccounts()).length === 0, 'the cache is empty');
        const to = new URLSearchParams({ post_logout_redirect_uri: secret.redirectUri });
        const { end_session_endpoint: endpoint } = await metadata();
        assert((await redirected(`${endpoint}?${to}`)).href === secret.redirectUri, endpoint);
    },
    'a withdrawn consent ends the refreshes': async () => {
        const client = confidentialApp();
        const { account } = await signIn(client, secret.redirectUri);
        await sandbox.control('providers/withdraw', { provider: 'microsoft', clientId: secret.clientId, user: ACCOUNT });
        await refused(() => client.acquireTokenSilent({ scopes: SCOPES, account, forceRefresh: true }), 'invalid_grant');
    },
});

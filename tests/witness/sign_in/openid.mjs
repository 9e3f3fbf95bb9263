// Signs in with openid-client, which finds everything in the metadata and checks the issuer, the ID token and the nonce.
// google-auth-library and Azure's library for Node.js sign in with the settings that they document.

import { AuthorizationCodeCredential, DeviceCodeCredential } from '@azure/identity';
import { OAuth2Client } from 'google-auth-library';
import * as oidc from 'openid-client';
import { Sandbox, assert, run } from './harness.mjs';

const ACCOUNT = 'witness-openid@example.org';
const REDIRECT = 'http://127.0.0.1:8765/callback';
const TENANT = '72f988bf-86f1-41af-91ab-2d7cd011db47';
const DEFAULT = 'https://graph.microsoft.com/.default';
const sandbox = new Sandbox();
const azure = { authorityHost: sandbox.origin, disableInstanceDiscovery: true };

async function redirected(url) {
    return new URL((await fetch(url, { redirect: 'manual' })).headers.get('location'));
}

async function enter(page, code) {
    const form = new URLSearchParams({ user_code: code, login_hint: ACCOUNT, decision: 'approve' });
    assert((await fetch(page, { method: 'POST', body: form })).ok, page);
}

/** Signs in with PKCE, state and nonce, reads the userinfo, and refreshes. Returns the configuration and the tokens. */
async function signIn(issuer, server, scope) {
    const config = await oidc.discovery(new URL(issuer), `${server}-client`, `${server}-secret`);
    const [verifier, nonce, state] = [oidc.randomPKCECodeVerifier(), oidc.randomNonce(), oidc.randomState()];
    const challenge = await oidc.calculatePKCECodeChallenge(verifier);
    const url = oidc.buildAuthorizationUrl(config, {
        redirect_uri: REDIRECT, scope, nonce, state, code_challenge: challenge, code_challenge_method: 'S256',
        login_hint: ACCOUNT, access_type: 'offline', prompt: 'consent',
    });
    const checks = { pkceCodeVerifier: verifier, expectedNonce: nonce, expectedState: state };
    const tokens = await oidc.authorizationCodeGrant(config, await redirected(url), checks);
    const claims = tokens.claims();
    assert(claims.iss === issuer && claims.email === ACCOUNT, claims);
    assert((await oidc.fetchUserInfo(config, tokens.access_token, claims.sub)).email === ACCOUNT, 'userinfo');
    const fresh = await oidc.refreshTokenGrant(config, tokens.refresh_token);
    assert(fresh.claims().sub === claims.sub && fresh.access_token !== tokens.access_token, fresh);
    return { config, tokens };
}

const microsoft = (base) => signIn(`${sandbox.origin}${base}/${TENANT}/v2.0`, 'microsoft', 'openid profile email offline_access');
const google = (base) => signIn(`${sandbox.origin}${base}`, 'google', 'openid email profile');

await run('openid-client', {
    'signs in at Microsoft, and builds the URL for the sign-out': async () => {
        for (const base of ['', '/microsoft']) {
            const { config, tokens } = await microsoft(base);
            const to = { post_logout_redirect_uri: REDIRECT, id_token_hint: tokens.id_token };
            assert((await redirected(oidc.buildEndSessionUrl(config, to))).href === REDIRECT, 'sign-out');
        }
    },
    'signs in at Google, and revokes the token': async () => {
        for (const base of ['', '/google']) {
            const { config, tokens } = await google(base);
            await oidc.tokenRevocation(config, tokens.refresh_token);
            try {
                await oidc.refreshTokenGrant(config, tokens.refresh_token);
            } catch (error) {
                assert(error.error === 'invalid_grant', error);
                continue;
            }
            throw new Error('the revoked token was refreshed');
        }
    },
    'signs a device in at Microsoft': async () => {
        const issuer = new URL(`${sandbox.origin}/${TENANT}/v2.0`);
        const config = await oidc.discovery(issuer, 'microsoft-public-client', undefined, oidc.None());
        const started = await oidc.initiateDeviceAuthorization(config, { scope: 'openid email' });
        await enter(started.verification_uri, started.user_code);
        assert((await oidc.pollDeviceAuthorizationGrant(config, started)).claims().email === ACCOUNT, started);
    },
    'refuses every kind of invalid ID token': async () => {
        try {
            for (const fault of ['signature', 'key', 'issuer', 'audience', 'nonce', 'expired']) {
                await sandbox.control('set', { id_token_fault: fault });
                // Without this option, openid-client trusts TLS instead of the signature.
                const options = { execute: [oidc.enableNonRepudiationChecks] };
                const config = await oidc.discovery(new URL(sandbox.origin), 'google-client', 'google-secret', undefined, options);
                const nonce = oidc.randomNonce();
                const url = oidc.buildAuthorizationUrl(config, { redirect_uri: REDIRECT, scope: 'openid', nonce });
                const location = await redirected(url);
                const refused = await oidc.authorizationCodeGrant(config, location, { expectedNonce: nonce }).catch(() => null);
                assert(refused === null, fault);
            }
        } finally {
            await sandbox.control('set', { id_token_fault: 'off' });
        }
    },
    'google-auth-library verifies the ID token with the certificates': async () => {
        const { tokens } = await google('/google');
        const client = new OAuth2Client({
            issuers: [`${sandbox.origin}/google`],
            endpoints: { oauth2FederatedSignonPemCertsUrl: `${sandbox.origin}/google/oauth2/v1/certs` },
        });
        const ticket = await client.verifyIdToken({ idToken: tokens.id_token, audience: 'google-client' });
        assert(ticket.getPayload().email === ACCOUNT, ticket.getPayload());
    },
    'DeviceCodeCredential of Azure gets a token for Graph': async () => {
        const credential = new DeviceCodeCredential({
            ...azure, tenantId: 'common', clientId: 'microsoft-public-client',
            userPromptCallback: ({ verificationUri, userCode }) => enter(verificationUri, userCode),
        });
        const { token } = await credential.getToken(DEFAULT);
        const reply = await fetch(`${sandbox.origin}/v1.0/me/events`, { headers: { authorization: `Bearer ${token}` } });
        assert(reply.ok && (await credential.getToken(DEFAULT)).token === token, reply.status);
    },
    'AuthorizationCodeCredential of Azure exchanges a code': async () => {
        // The credential requests these scopes in the exchange.
        const scope = `${DEFAULT} openid profile offline_access`;
        const asked = { client_id: 'microsoft-client', response_type: 'code', redirect_uri: REDIRECT, scope };
        const url = `${sandbox.origin}/common/oauth2/v2.0/authorize?${new URLSearchParams(asked)}`;
        const code = (await redirected(url)).searchParams.get('code');
        const credential = new AuthorizationCodeCredential('common', 'microsoft-client', 'microsoft-secret', code, REDIRECT, azure);
        assert((await credential.getToken(DEFAULT)).token, 'a token');
    },
});

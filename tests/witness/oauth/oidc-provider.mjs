// Serves oidc-provider with its own login and consent pages. The second argument is the secret of its
// clients.

import Provider from 'oidc-provider';
import { serve } from './serve.mjs';

const confidential = {
  redirect_uris: ['http://127.0.0.1:8765/callback'],
  grant_types: ['authorization_code', 'refresh_token'],
  client_secret: process.argv[3],
};

const clients = [
  { ...confidential, client_id: 'basic:client', token_endpoint_auth_method: 'client_secret_basic' },
  { ...confidential, client_id: 'post-client', token_endpoint_auth_method: 'client_secret_post' },
  {
    client_id: 'public-client',
    application_type: 'native',
    redirect_uris: ['http://127.0.0.1/callback'],
    grant_types: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_method: 'none',
  },
];

await serve((issuer) => {
  const provider = new Provider(issuer, {
    clients,
    cookies: { keys: ['witness'] },
    features: { introspection: { enabled: true }, revocation: { enabled: true } },
    pkce: { required: () => true },
    rotateRefreshToken: true,
    scopes: ['openid', 'offline_access'],
  });
  return provider.callback();
});

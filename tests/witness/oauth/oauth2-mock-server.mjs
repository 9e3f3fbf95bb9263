// Serves oauth2-mock-server, which responds to every request with tokens and stores none.

import { OAuth2Issuer, OAuth2Service } from 'oauth2-mock-server';
import { serve } from './serve.mjs';

await serve(async (url) => {
  const issuer = new OAuth2Issuer();
  issuer.url = url;
  await issuer.keys.generate('RS256');
  return new OAuth2Service(issuer).requestHandler;
});

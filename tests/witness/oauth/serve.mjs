// Serves an authorization server on a free loopback port and counts its token requests. Writes the issuer to
// the file in the first argument, because the servers print other lines on stdout.

import { renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';

// An additional path returns the number of token requests.
const COUNT = '/witness/token-requests';

// `make` takes the issuer and returns the server's request handler.
export async function serve(make) {
  let handler;
  let requests = 0;
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    if (pathname === COUNT) {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ requests }));
      return;
    }
    if (request.method === 'POST' && pathname === '/token') requests += 1;
    handler(request, response);
  });
  await new Promise((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  const issuer = `http://127.0.0.1:${server.address().port}`;
  handler = await make(issuer);
  const file = process.argv[2];
  writeFileSync(`${file}.new`, issuer);
  renameSync(`${file}.new`, file);
}

// An identity provider: `oidc-provider` (certified for OpenID Connect) with the flow for devices, as its makers ship it.
// Prints one line of JSON with its address, and ends with its standard input.
//
// Clients: `windlass` (public) and `windlass-closed` (with the secret of CLIENT_SECRET). Everybody may sign in with any
// password; who is called `outsider` is in no group. With CLAIMS=token the ID token itself has all claims, else only
// `sub`, and the rest is told by the userinfo endpoint, as the standard has it.
import { createServer } from 'node:http';
import { exportJWK, generateKeyPair } from 'jose';
import { Provider } from 'oidc-provider';

const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';
const server = createServer();
await new Promise((done) => server.listen(0, '127.0.0.1', done));
const issuer = `http://127.0.0.1:${server.address().port}`;

const key = async (alg) => ({
  ...(await exportJWK((await generateKeyPair(alg, { extractable: true })).privateKey)),
  alg,
  use: 'sig',
  kid: alg,
});
const client = (more) => ({
  grant_types: [DEVICE],
  response_types: [],
  redirect_uris: [],
  id_token_signed_response_alg: process.env.ALG ?? 'RS256',
  ...more,
});

const provider = new Provider(issuer, {
  clients: [
    client({ client_id: 'windlass', token_endpoint_auth_method: 'none' }),
    client({ client_id: 'windlass-closed', client_secret: process.env.CLIENT_SECRET ?? 'a secret' }),
  ],
  jwks: { keys: await Promise.all(['RS256', 'ES256', 'PS256'].map(key)) },
  features: { deviceFlow: { enabled: true }, devInteractions: { enabled: true } },
  claims: {
    openid: ['sub'],
    profile: ['preferred_username', 'name'],
    email: ['email', 'email_verified'],
    groups: ['groups'],
  },
  scopes: ['openid', 'profile', 'email', 'groups'],
  conformIdTokenClaims: process.env.CLAIMS !== 'token',
  cookies: { keys: ['of this test alone'] },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({
      sub: id,
      preferred_username: id.replace(/ .*/, ''),
      name: `${id} of the test`,
      email: `${encodeURIComponent(id)}@example.com`,
      email_verified: true,
      groups: id === 'outsider' ? [] : ['uploaders', 'others'],
    }),
  }),
});
server.on('request', provider.callback());
process.stdout.write(`${JSON.stringify({ issuer })}\n`);
process.stdin.on('end', () => process.exit(0)).resume();

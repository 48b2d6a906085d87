import { endpointOf } from './limits';

test.each([
  ['GET', '/v4/contacts/%2B61400123456', 'GET /v4/contacts/{id}'],
  ['GET', '/v4/contacts/jane%40example.com', 'GET /v4/contacts/{id}'],
  ['POST', '/v4/contacts', 'POST /v4/contacts'],
  ['POST', '/v4/contacts/transactional/opt_out', 'POST /v4/contacts/transactional/opt_out'],
  ['POST', '/v4/messages/attachment', 'POST /v4/messages/attachment'],
  ['PUT', '/v4/conversations/5b000000-0000-4000-8000-000000000001', 'PUT /v4/conversations/{id}'],
  [
    'POST',
    '/v4/conversations/5b000000-0000-4000-8000-000000000001/notes',
    'POST /v4/conversations/{id}/notes',
  ],
])('%s %s is a call of the endpoint %s', (method, path, endpoint) => {
  expect(endpointOf({ method, path })).toBe(endpoint);
});

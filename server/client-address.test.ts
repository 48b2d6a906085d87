import type { IncomingMessage } from 'node:http';
import { readEnvironment } from '../core/environment';
import { clientAddress } from './client-address';

const addressOf = (remoteAddress: string, forwarded: string | null, proxies: string) => {
  const read = readEnvironment({ TRUSTED_PROXIES: proxies }, ['trustedProxies']);
  const headers = forwarded === null ? {} : { 'x-forwarded-for': forwarded };
  const request = { headers, socket: { remoteAddress } } as unknown as IncomingMessage;
  return read.ok && clientAddress(request, read.environment.trustedProxies);
};

test.each([
  ['nobody is trusted', '203.0.113.9', '198.51.100.1', '', '203.0.113.9'],
  ['a proxy is trusted', '10.0.0.1', '198.51.100.1', '10.0.0.0/8', '198.51.100.1'],
  ['a stranger writes the header too', '10.0.0.1', '1.1.1.1, 198.51.100.1', '10.0.0.0/8', '198.51.100.1'],
  ['there are two proxies', '10.0.0.1', '198.51.100.1, 10.0.0.2', '10.0.0.0/8', '198.51.100.1'],
  [
    'they are of two networks',
    '10.0.0.1',
    '198.51.100.1, 172.31.0.2',
    '10.0.0.0/8 172.31.0.0/16 ',
    '198.51.100.1',
  ],
  ['a single one is named', '::ffff:10.0.0.1', '198.51.100.1', '10.0.0.1', '198.51.100.1'],
  ['a proxy says nothing', '10.0.0.1', null, '10.0.0.0/8', '10.0.0.1'],
  ['a proxy says no address', '10.0.0.1', 'unknown', '10.0.0.0/8', '10.0.0.1'],
])('the address of the client, where %s', (_, remote, forwarded, proxies, address) => {
  expect(addressOf(remote, forwarded, proxies)).toBe(address);
});

test('all addresses of one IPv6 network are one', () => {
  expect(addressOf('2001:db8::1', null, '')).toBe(addressOf('2001:db8::ffff', null, ''));
  expect(addressOf('2001:db8::1', null, '')).not.toBe(addressOf('2001:db8:0:1::1', null, ''));
});

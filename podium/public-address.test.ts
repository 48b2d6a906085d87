import { isPublicAddress } from './public-address';

test.each(['1.1.1.1', '93.184.216.34', '172.15.0.1', '172.32.0.1', '2606:4700:4700::1111', '2a00:1450::1'])(
  '%s is public',
  (address) => {
    expect(isPublicAddress(address)).toBe(true);
  },
);

test.each([
  ['this machine', ['127.0.0.1', '127.255.255.254', '0.0.0.0', '0.1.2.3', '::1', '::']],
  [
    'a private network',
    ['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', 'fc00::1', 'fd12:3456::1'],
  ],
  ['its own segment, where clouds tell their secrets', ['169.254.169.254', 'fe80::1', 'fe80::1%eth0']],
  ['the inside of a provider', ['100.64.0.1', '100.127.255.255']],
  ['a group', ['224.0.0.1', '239.255.255.255', 'ff02::1', '255.255.255.255']],
  [
    'a reserve',
    ['192.0.0.1', '192.0.2.1', '198.18.0.1', '198.51.100.1', '203.0.113.1', '240.0.0.1', '2001:db8::1'],
  ],
  ['an IPv4 address in IPv6', ['::ffff:127.0.0.1', '::ffff:8.8.8.8', '::127.0.0.1', '::ffff:0:127.0.0.1']],
  ['a translation to IPv4', ['64:ff9b::7f00:1', '64:ff9b:1::7f00:1', '2002:7f00:1::1', '2001::7f00:1']],
  ['the former site-local', ['fec0::1']],
  ['no address', ['', 'localhost', '1.2.3', '1.2.3.4.5', 'example.com']],
])('what is %s is not public', (_, addresses) => {
  expect(addresses.filter(isPublicAddress)).toEqual([]);
});

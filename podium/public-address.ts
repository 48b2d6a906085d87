import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** All of IPv6 that is given out to the public. */
const GLOBAL_IPV6 = ipaddr.IPv6.parseCIDR('2000::/3');

/**
 * Whether an IP address is one of the public internet: not of this machine, a private network, a provider's
 * inside, a group or a reserve, nor one that carries an IPv4 address in itself and may lead to such a one.
 */
export function isPublicAddress(address: string): boolean {
  if (!isIP(address)) return false; // 1.2.3 is one to others
  const ip = ipaddr.parse(address);
  return ip.range() === 'unicast' && (ip.kind() === 'ipv4' || (ip as ipaddr.IPv6).match(GLOBAL_IPV6));
}

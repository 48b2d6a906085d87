/** Where a request comes from, behind proxies too. */
import type { IncomingMessage } from 'node:http';
import ipaddr from 'ipaddr.js';
import type { Network } from '../core/environment';

/** What one customer has of IPv6 at least. */
const IPV6_NETWORK_BITS = 64;

/**
 * The address of the client. What a proxy says of it (`X-Forwarded-For`) counts only as far as we trust the
 * proxies: anybody may write that header. Of an IPv6 address it is the network, since a client has many.
 */
export function clientAddress(request: IncomingMessage, trusted: readonly Network[]): string {
  const forwarded = String(request.headers['x-forwarded-for'] ?? '').split(',');
  let address = request.socket.remoteAddress ?? '';
  while (isTrusted(address, trusted)) {
    const next = forwarded.pop()?.trim() ?? '';
    if (!ipaddr.isValid(next)) break;
    address = next;
  }
  return ipaddr.isValid(address) ? networkOf(address) : 'unknown';
}

function isTrusted(address: string, trusted: readonly Network[]): boolean {
  if (!ipaddr.isValid(address)) return false;
  const ip = ipaddr.process(address);
  return trusted.some(([network, bits]) => ip.kind() === network.kind() && ip.match(network, bits));
}

function networkOf(address: string): string {
  const ip = ipaddr.process(address); // IPv4 within IPv6 is IPv4
  if (ip.kind() === 'ipv4') return ip.toString();
  return ip
    .toByteArray()
    .slice(0, IPV6_NETWORK_BITS / 8)
    .join('.');
}

/**
 * `/livez` of a worker: it says that the process runs, and touches nothing. The SDK's own address for metrics is
 * closed while Temporal cannot be reached, so it says nothing of the kind.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** @returns the server and its address on this machine, which tells the port where `port` was 0 */
export async function sayAlive(port: number): Promise<{ server: Server; url: string }> {
  const server = createServer((request, response) => {
    const known = request.method === 'GET' && request.url === '/livez';
    response.writeHead(known ? 200 : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ alive: true }));
  }).listen(port);
  await once(server, 'listening');
  return { server, url: `http://localhost:${(server.address() as AddressInfo).port}` };
}

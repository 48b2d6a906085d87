/**
 * The end of a server that refuses nobody: it says that it is not ready, ends each connection with its next answer,
 * and goes on receiving until the proxies in front of it have noticed.
 */
import type { RequestListener } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

export class Draining {
  private hasBegun = false;

  /** @param seconds how long proxies may take to notice */
  constructor(private readonly seconds: number) {}

  async begin(): Promise<void> {
    this.hasBegun = true;
    await delay(this.seconds * 1000);
  }

  /** For the list of what receiving needs. */
  notBegun(): Promise<void> {
    return this.hasBegun ? Promise.reject(new Error('the server is ending')) : Promise.resolve();
  }

  around(handle: RequestListener): RequestListener {
    return (request, response) => {
      // Else a proxy would send the next request into a connection that is just being closed.
      if (this.hasBegun) response.setHeader('Connection', 'close');
      handle(request, response);
    };
  }
}

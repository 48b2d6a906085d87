import { spawn } from 'node:child_process';

/** Shows a page in the browser of who sits at this machine; nothing happens where there is none. */
export function openInBrowser(url: string): void {
  const openers: Partial<Record<NodeJS.Platform, string[]>> = {
    darwin: ['open'],
    win32: ['rundll32', 'url.dll,FileProtocolHandler'],
  };
  const [command = '', ...args] = openers[process.platform] ?? ['xdg-open'];
  spawn(command, [...args, url], { stdio: 'ignore', detached: true })
    .on('error', () => undefined) // the address stands on the screen
    .unref();
}

/** Zsh, in which a test presses TAB. */
import { installWithApt } from './apt';
import { withProgress } from './progress';
import { onPath } from './run';
import { firstThatWorks } from './ways';

/** The path of an installed zsh, or of Debian's package, got now. @throws NotProvisioned, with every way out */
export function provisionZsh(): Promise<string> {
  return firstThatWorks(
    'zsh, in which the completion is tried,',
    [
      { name: 'zsh, installed', find: () => onPath('zsh') },
      { name: "Debian's package `zsh`", find: installFromDebian },
    ],
    ['install zsh', 'on Debian or Ubuntu, run this as root with its packages in reach'],
  );
}

async function installFromDebian(): Promise<string | null> {
  const done = await withProgress('Installing zsh, once', () => installWithApt('zsh'));
  return done ? onPath('zsh') : null;
}

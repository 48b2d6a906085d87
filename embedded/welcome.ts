/** What a person reads when everything runs. */
import type { Settings } from '../core/settings';
import type { Runtime } from './runtime-file';

export function welcome(runtime: Runtime, session: Settings['session'], logDirectory: string): string {
  const { idle_warn_seconds: warn, idle_close_seconds: close } = session;
  const places: [string, string | null, string][] = [
    ['Demo', runtime.demo, "a shop's chat, the customer's phone, Podium's inbox"],
    [
      'The embed',
      runtime.demo && `${runtime.demo}/plain`,
      'the widget in the plainest page, with its source',
    ],
    ['Temporal Web UI', runtime.temporalUi, 'every conversation as a workflow'],
    ['Webhook', `${runtime.server}/webhooks/podium`, `where Podium posts (contract: ${runtime.contract})`],
    ['Simulator', runtime.simulator && `${runtime.simulator}/sim/state`, 'what Podium knows'],
    ['Logs', logDirectory, ''],
  ];
  const shown = places.filter(([, place]) => place !== null);
  const width = Math.max(...shown.map(([, place]) => place?.length ?? 0));
  return [
    '',
    '  Podium webchat is running.',
    '',
    ...shown.map(([name, place, what]) =>
      `    ${name.padEnd(17)}${place?.padEnd(width)}   ${what}`.trimEnd(),
    ),
    ...(runtime.demo ? ['', '  Try', ...whatToTry(period(warn), period(close))] : []),
    '',
    '  Ctrl-C ends everything. Conversations are kept for the next start.',
    '',
  ].join('\n');
}

function whatToTry(warn: string, close: string): string[] {
  return [
    '    Write a message on the demo page and answer the questions as the customer.',
    `    Fall silent: a prompt comes after ${warn}, the close after ${close}. Write again, and it goes on where it ended.`,
    '    Answer STOP: no store texts this phone again.',
    '    Kill a part in the middle of it (`ps` shows them as podium-webchat-…): it comes back, and nothing is lost.',
  ];
}

function period(seconds: number): string {
  return seconds < 120 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;
}

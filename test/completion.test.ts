/** What is typed is completed, in shells that have read the script which `podium-webchat complete` prints. */
import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { built } from '../embedded/paths';
import { provisionZsh } from '../embedded/provision/zsh';

const run = promisify(execFile);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podium-webchat-completion-'));
  const program = join(folder, 'podium-webchat');
  await writeFile(program, `#!/bin/sh\nexec '${process.execPath}' '${built('ops/cli/main.js')}' "$@"\n`);
  await chmod(program, 0o755);
});
afterAll(() => rm(folder, { recursive: true }));

const inShell = async (shell: string, ...args: string[]) =>
  (await run(shell, args, { env: { ...process.env, PATH: `${folder}:${process.env['PATH']}` } })).stdout;

/** What is typed before TAB is pressed, and what the last word becomes. */
const TYPED = [
  ['podium-webchat events q', 'quarantine'],
  ['podium-webchat sessions list --wai', '--waiting'],
  ['podium-webchat sessions list --status wa', 'warned'],
] as const;

/** Bash without its package of completions: what it calls for the last word of each line, as at a TAB. */
const BASH = `
  source <(podium-webchat complete bash)
  compopt() { :; } # there is no line that is edited
  complete=$(complete -p podium-webchat | sed 's/.*-F \\([^ ]*\\).*/\\1/')
  for typed; do
    read -ra COMP_WORDS <<< "$typed"
    COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
    $complete
    echo "\${COMPREPLY[@]}"
  done
`;

test('bash completes what is typed', async () => {
  const out = await inShell(
    'bash',
    '--norc',
    '--noprofile',
    '-c',
    BASH,
    'bash',
    ...TYPED.map(([typed]) => typed),
  );
  expect(out.trim().split('\n')).toEqual(TYPED.map(([, completed]) => completed));
});

/** Zsh on a terminal of its own, where TAB is pressed behind each line; it goes on when the word has come. */
const ZSH = `
  zmodload zsh/zpty
  zpty -b line zsh -f -i
  until_seen() {
    local seen chunk
    until [[ $seen == *$1* ]]; do
      (( SECONDS < 150 )) || { print -r -- "not seen: $1 in $seen"; return 1 }
      if zpty -r -t line chunk; then seen+=$chunk; else sleep 0.05; fi
    done
  }
  zpty -w line 'stty cols 200; autoload -Uz compinit; compinit -u -D; source <(podium-webchat complete zsh); print RE""ADY'
  until_seen READY || exit 1
  for typed completed; do
    zpty -w -n line "$typed"$'\t'
    until_seen "\${typed% *} $completed" || exit 1
    zpty -w -n line $'\x15' # the line is emptied
  done
`;

test('zsh completes what is typed', async () => {
  await inShell(await provisionZsh(), '-f', '-c', ZSH, 'zsh', ...TYPED.flat());
});

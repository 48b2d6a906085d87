/** The command by which shells complete what is typed: `podium-webchat complete bash` prints a script for bash. */
import addTab from '@bomb.sh/tab/commander';
import type { Command } from 'commander';

/** The script for bash takes this from the package bash-completion, which is not everywhere. */
const WORDS_OF_THE_LINE = `
declare -F _get_comp_words_by_ref >/dev/null || _get_comp_words_by_ref() {
    cword=$COMP_CWORD cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} words=("\${COMP_WORDS[@]}")
}
`;

/** @param args of the program */
export function addCompletion(program: Command, args: string[]): void {
  addTab(program);
  if (args.join(' ') === 'complete bash') process.stdout.write(WORDS_OF_THE_LINE);
}

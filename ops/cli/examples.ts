/** How each command is called, as its help shows it. */
import type { Command } from 'commander';

const CUSTOMER = "--phone '+61 412 345 678'";
const AT_STORE = "--phone '0412 345 678' --location 'Northside Motors'";
const WEBHOOK = '7d1c0000-0000-4000-8000-000000000001';
const ORGANIZATION = '1f000000-0000-4000-8000-000000000001';
const STORE = '9e000000-0000-4000-8000-000000000001';
const SEND = '5e4d0000-0000-4000-8000-000000000001';

/** By the command's name: what stands behind it, or whole lines where more is around it. */
const EXAMPLES: Record<string, string[]> = {
  timeline: [CUSTOMER, AT_STORE],
  'sessions list': ['--status open', '--waiting', AT_STORE],
  'sessions show': [CUSTOMER, AT_STORE, '--id 06239a9f-c823-44e9-99f7-e9f98d6b2e2f'],
  'sessions close': [`${AT_STORE} --reason 'Sold by phone' --yes`],
  'sessions scan': ['', '--yes'],
  'optout check': [CUSTOMER],
  'optout history': [CUSTOMER],
  'optout record': [CUSTOMER, `${CUSTOMER} --location 'Northside Motors' --actor kim`],
  'optout restore': [`${CUSTOMER} --proof 'signed form of 3 May'`],
  'optout dismiss': [CUSTOMER, `${CUSTOMER} --seen-version 2`],
  'optout retry': ['', CUSTOMER],
  'optout audit': [CUSTOMER, `podium-webchat optout audit ${CUSTOMER} | jq .consistent`],
  'optout report': ['', '--json'],
  'optout import': ['--file optouts.csv --default-country AU'],
  'optout classify': [
    "--text 'please stop texting me'",
    "--text 'ARRET' --language fr-CA",
    'podium-webchat optout classify --stdin < texts.txt',
  ],
  'contacts show': [CUSTOMER],
  'contacts export': [`${CUSTOMER} --out customer.json`],
  'contacts erase': [CUSTOMER, `${CUSTOMER} --yes`],
  'events list': ['--status quarantined --code ERR_WEBCHAT_003', AT_STORE],
  'events show': ['4711', '4711 --raw'],
  'events replay': ['4711 --dry-run', '--code ERR_WEBCHAT_001', '--all'],
  'events quarantine': ['', '4711'],
  'events ingest': ['--file event.json --dry-run', '--file event.json'],
  'robot pause': ['', "--location 'Northside Motors'"],
  'robot resume': ['', "--location 'Northside Motors'"],
  'robot status': [''],
  'locations list': ['', 'podium-webchat locations list --json | jq .locations'],
  'locations refresh': [''],
  'webhook list': [''],
  'webhook show': [WEBHOOK],
  'webhook register': [`--organization ${ORGANIZATION}`, `--location ${STORE}`],
  'webhook update': ['', `${WEBHOOK} --take-over`],
  'webhook enable': [WEBHOOK],
  'webhook disable': [`${WEBHOOK} --yes`],
  'webhook delete': [`${WEBHOOK} --yes`],
  'webhook verify': [''],
  'webhook doctor': ['', '--json'],
  'files list': [CUSTOMER, AT_STORE],
  'files send': [
    `${CUSTOMER} --location ${STORE} --file quote.pdf --body 'Your quote'`,
    `${CUSTOMER} --location ${STORE} --file quote.pdf --message-id ${SEND}`,
  ],
  'files sent': [SEND],
  'audit verify': [''],
  'audit show': [CUSTOMER, '--kind robot_paused --since 2026-11-28', '--actor kim'],
  'auth status': ['', 'podium-webchat auth status --json | jq .works'],
  'auth login': ['', '--no-open --redirect-uri https://webchat.example.com/callback'],
  'phone normalize': [
    "--phone '0412 345 678' --default-country AU",
    "podium-webchat phone normalize --phone '+1 (415) 555-1234' --json | jq .number_type",
    'cut -f2 customers.tsv | podium-webchat phone normalize --stdin --default-country AU',
  ],
  'workers list': [''],
  'workers promote': ['2026.11.2', '2026.11.2 --wait 60'],
  'config check': ['', 'podium-webchat config check --json | jq .'],
  'schedules list': [''],
  'schedules run': ['reconciliation'],
};

/** Adds them to the help of every command of the program. */
export function addExamples(program: Command): void {
  for (const [name, calls] of Object.entries(EXAMPLES)) {
    const command = name.split(' ').reduce<Command | undefined>(subcommand, program);
    const lines = calls.map((call) => (call.includes('podium-webchat ') ? call : lineOf(name, call)));
    command?.addHelpText('after', ['\nExamples:', ...lines.map((line) => `  ${line}`)].join('\n'));
  }
}

const lineOf = (name: string, call: string) => `podium-webchat ${name} ${call}`.trimEnd();

function subcommand(parent: Command | undefined, name: string): Command | undefined {
  return parent?.commands.find((each) => each.name() === name);
}

/** The shipped rules of Prometheus, tried by its own promtool. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { ROOT } from '../embedded/paths';
import { provisionPrometheus } from '../embedded/provision/prometheus';

const DIRECTORY = join(ROOT, 'deploy/prometheus');

interface Alert {
  alert: string;
  labels: Record<string, string>;
  annotations: { summary: string; runbook: string };
}
interface RuleTest {
  name: string;
  alert_rule_test: { alertname: string; exp_alerts?: object[] }[];
}

let promtool: string;
let alerts: Alert[];
let tests: RuleTest[];

beforeAll(async () => {
  ({ promtool } = await provisionPrometheus());
  alerts = (await read<{ groups: { rules: Alert[] }[] }>('alerts.yml')).groups.flatMap(({ rules }) => rules);
  tests = (await read<{ tests: RuleTest[] }>('alerts.test.yml')).tests;
});

async function read<T>(file: string): Promise<T> {
  return parse(await readFile(join(DIRECTORY, file), 'utf8')) as T;
}

/** @throws with what it has printed when it finds something wrong */
const tried = (...args: string[]) => promisify(execFile)(promtool, args, { cwd: DIRECTORY });

test.each(['prometheus.yml', 'compose.yml'])('%s and the rules that it names are valid', async (file) => {
  const { stdout } = await tried('check', 'config', file);
  expect(stdout).toContain('alerts.yml');
  expect(stdout).toContain('recording.yml');
});

test('every alert fires when it should, and keeps still when it should not', async () => {
  const { stdout } = await tried('test', 'rules', 'alerts.test.yml');
  expect(stdout).toContain('SUCCESS');
});

test('there is a test of each alert in which it fires, and one in which it does not', () => {
  const tested = tests.flatMap((each) => each.alert_rule_test);
  const names = alerts.map(({ alert }) => alert);
  const which = (fires: boolean) =>
    new Set(tested.filter((one) => (one.exp_alerts !== undefined) === fires).map((one) => one.alertname));
  expect(names.filter((name) => !which(true).has(name))).toEqual([]);
  expect(names.filter((name) => !which(false).has(name))).toEqual([]);
});

test('every alert says how urgent it is, and leads to a chapter of the documentation', async () => {
  const [file, ...rest] = [...new Set(alerts.map(({ annotations }) => annotations.runbook.split('#')[0]!))];
  expect(rest).toEqual([]);
  const chapters = [...(await readFile(join(ROOT, file!), 'utf8')).matchAll(/^#+ (.+)$/gm)];
  const anchors = new Set(chapters.map(([, title]) => title!.toLowerCase().replaceAll(' ', '-')));
  for (const { alert, labels, annotations } of alerts) {
    expect(['page', 'ticket']).toContain(labels['severity']);
    expect(annotations.summary).toMatch(/\.$/);
    expect([alert, anchors.has(annotations.runbook.split('#')[1]!)]).toEqual([alert, true]);
  }
});

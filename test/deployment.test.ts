/** What runs the system elsewhere fits the system: its programs, variables, ports, probes and queues. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { FILE_VARIABLES } from '../core/environment';
import { FILES_QUEUE, SESSION_QUEUE, WORKER_DEPLOYMENT } from '../core/session';
import { ROOT } from '../embedded/paths';

/** How long the end of a process may take once it is drained: `config/lifecycle.ts`. */
const END_SECONDS = 9;
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const KUBERNETES = 'deploy/kubernetes';

interface Probe {
  httpGet: { path: string; port: string };
  periodSeconds: number;
  failureThreshold: number;
}
interface Container {
  name: string;
  image: string;
  command: string[];
  env?: { name: string; value: string }[];
  ports?: { name: string; containerPort: number }[];
  startupProbe?: Probe;
  livenessProbe?: Probe;
  readinessProbe?: Probe;
  resources: { requests: object; limits: { memory: string } };
}
interface Manifest {
  kind: string;
  metadata: { name: string };
  spec: {
    template: {
      metadata?: { labels: Record<string, string> };
      spec: { containers: Container[]; terminationGracePeriodSeconds?: number };
    };
    triggers: { metadata: Record<string, string> }[];
  };
}
interface Service {
  image?: string;
  command?: string;
  environment?: Record<string, string>;
  volumes?: string[];
  healthcheck?: { test: string[] };
  stop_grace_period?: string;
  mem_limit?: string;
  restart?: string;
}

interface PodMonitor {
  spec: {
    selector: { matchLabels: Record<string, string> };
    podMetricsEndpoints: [{ port: string; relabelings: { targetLabel: string; replacement: string }[] }];
  };
}
interface Scraped {
  job_name: string;
  static_configs?: [{ targets: string[] }];
  dns_sd_configs?: [{ names: string[]; port: number }];
}

/** As Prometheus calls those whom it asks. */
const JOBS = ['podium-webchat-server', 'podium-webchat-worker'];
/** Of rules that name one job. */
const jobsIn = (rules: string) => [...new Set(rules.match(/(?<=job=")[^"]+/g))].sort();

const manifests = ['migrate', 'server', 'worker'].flatMap((part) =>
  readdirSync(join(ROOT, KUBERNETES, part))
    .filter((file) => file !== 'kustomization.yaml' && file !== 'names.yaml')
    .flatMap((file) => parseAllDocuments(read(`${KUBERNETES}/${part}/${file}`)))
    .map((document) => document.toJS() as Manifest),
);
const workloads = manifests
  .filter(({ kind }) => kind === 'Deployment' || kind === 'Job')
  .map(({ metadata: { name }, spec: { template } }) => ({
    ...{ name, pod: template.spec, container: template.spec.containers[0]! },
    labels: template.metadata?.labels ?? {},
  }));
const workload = (name: string) => workloads.find((one) => one.name === name)!;
const env = ({ container }: { container: Container }) =>
  Object.fromEntries((container.env ?? []).map(({ name, value }) => [name, value]));

const { services } = parse(read('docker-compose.yml'), { merge: true }) as {
  services: Record<string, Service>;
};
const ours = Object.entries(services).filter(([, { image }]) => image?.startsWith('podium-webchat'));

/** Of a `.env` file: those that are set, without those in comments. */
const namesIn = (text: string) => [...text.matchAll(/^([A-Z][A-Z0-9_]*)=/gm)].map(([, name]) => name!);
/** What has to be set, by the example. */
const needed = namesIn(read('.env.example')).filter((name) => FILE_VARIABLES.includes(name));
const environment = namesIn(read(`${KUBERNETES}/pod/environment.env`));
const secrets = read(`${KUBERNETES}/pod/environment.env`).matchAll(/^#?(\w+)_FILE=.*\/(\w+)$/gm);

const isKnown = (name: string) =>
  FILE_VARIABLES.includes(name.replace(/_FILE$/, '')) || /^TEMPORAL_|^NODE_OPTIONS$/.test(name);
/** Of the memory that a worker may take: the rest is for what is not in the heap. */
const HEAP_SHARE = 0.75;
const heapOptions = (gibibytes: string) =>
  `--max-old-space-size=${HEAP_SHARE * 1024 * Number.parseInt(gibibytes)}`;
const sourceOf = (program: string) => program.replace(/^dist\//, '').replace(/\.js$/, '.ts');

describe('Kubernetes', () => {
  test.each(workloads)('$name runs a program that is there, and says what it needs', ({ container }) => {
    expect(container).toMatchObject({ name: 'webchat', image: 'podium-webchat' });
    expect(container.command[0]).toBe('node');
    expect(existsSync(join(ROOT, sourceOf(container.command[1]!)))).toBe(true);
    expect(container.resources).toMatchObject({ requests: { cpu: expect.any(String) }, limits: {} });
  });

  test('every variable is one that we read, and none that is needed is missing', () => {
    const own = workloads.flatMap((one) => Object.keys(env(one)));
    expect([...environment, ...own].filter((name) => !isKnown(name))).toEqual([]);
    const set = environment.map((name) => name.replace(/_FILE$/, ''));
    expect([...needed, 'DATABASE_URL', 'TEMPORAL_ADDRESS'].filter((name) => !set.includes(name))).toEqual([]);
  });

  test('each secret comes from the file that is named like its variable', () => {
    for (const [, variable, file] of secrets) expect(file).toBe(variable);
  });

  test('probes ask for what the processes answer, at the ports that they listen to', () => {
    const server = workload('webchat-server');
    const worker = workload('webchat-worker');
    expect(server.container.ports).toEqual([{ name: 'http', containerPort: Number(env(server)['PORT']) }]);
    const metrics = Number(env(worker)['WORKER_METRICS_ADDRESS']!.split(':')[1]);
    expect(worker.container.ports).toEqual([
      { name: 'metrics', containerPort: metrics },
      { name: 'health', containerPort: Number(env(worker)['WORKER_HEALTH_PORT']) },
    ]);
    const alive = { httpGet: { path: '/livez', port: 'http' } };
    expect(server.container).toMatchObject({
      ...{ startupProbe: alive, livenessProbe: alive },
      readinessProbe: { httpGet: { path: '/readyz', port: 'http' } },
    });
    const waiting = { httpGet: { path: '/livez', port: 'health' } };
    expect(worker.container).toMatchObject({ startupProbe: waiting, livenessProbe: waiting });
  });

  test('a server is left alone until it is drained and ended, and is known not to be ready long before', () => {
    const { pod, container } = workload('webchat-server');
    const drain = Number(env({ container })['DRAIN_SECONDS']);
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(drain + END_SECONDS);
    const { periodSeconds, failureThreshold } = container.readinessProbe!;
    expect(periodSeconds * failureThreshold).toBeLessThan(drain);
    expect(workload('webchat-worker').pod.terminationGracePeriodSeconds).toBeGreaterThan(END_SECONDS);
  });

  test('workers are counted by the backlog of queues that exist, of their own version', () => {
    const { spec } = manifests.find(({ kind }) => kind === 'ScaledObject')!;
    const triggers = spec.triggers.map(({ metadata }) => metadata);
    expect(triggers.map(({ taskQueue }) => taskQueue)).toEqual([SESSION_QUEUE, FILES_QUEUE]);
    for (const trigger of triggers) expect(trigger['workerDeploymentName']).toBe(WORKER_DEPLOYMENT);
  });

  test('Prometheus finds every server and worker, under the names that the rules know', () => {
    const monitors = parseAllDocuments(read(`${KUBERNETES}/monitoring/pods.yaml`)).map(
      (document) => document.toJS() as PodMonitor,
    );
    const scraped = monitors.map(({ spec: { selector, podMetricsEndpoints } }) => {
      const [{ port, relabelings }] = podMetricsEndpoints;
      const { name, container } = workloads.find(
        ({ labels }) => labels['app'] === selector.matchLabels['app'],
      )!;
      expect(container.ports!.map((each) => each.name)).toContain(port);
      return [name, relabelings.find(({ targetLabel }) => targetLabel === 'job')!.replacement];
    });
    expect(Object.fromEntries(scraped)).toEqual({
      'webchat-server': 'podium-webchat-server',
      'webchat-worker': 'podium-webchat-worker',
    });
    expect(jobsIn(read('deploy/prometheus/alerts.yml'))).toEqual(JOBS);
  });

  test('the heap of a worker, and with it how many sessions it keeps ready, fits its memory', () => {
    const { container } = workload('webchat-worker');
    const { memory } = container.resources.limits;
    expect(env({ container })['NODE_OPTIONS']).toBe(heapOptions(memory));
  });

  test.each(['deployment', 'job'])('what all pods have in common holds for a %s', (kind) => {
    const { spec } = (parse(read(`${KUBERNETES}/pod/${kind}.yaml`)) as Manifest).spec.template;
    expect(spec).toMatchObject({
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: 'webchat',
          securityContext: {
            ...{ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true },
            capabilities: { drop: ['ALL'] },
          },
        },
      ],
    });
  });
});

describe('Docker Compose', () => {
  test.each(ours)('%s runs a program that is there, with variables that we read', (_, service) => {
    const [node, program] = service.command!.split(' ');
    expect(node).toBe('node');
    expect(existsSync(join(ROOT, sourceOf(program!)))).toBe(true);
    expect(Object.keys(service.environment!).filter((name) => !isKnown(name))).toEqual([]);
  });

  test.each(ours)('%s reads own settings, or else the shipped ones, where they are mounted', (_, service) => {
    const mounts = service.volumes!.map((volume) => /^\$\{WEBCHAT_SETTINGS:-(.+)\}:(.+):ro$/.exec(volume));
    const [, shipped, path] = mounts.find((mount) => mount !== null)!;
    expect(service.environment!['WEBCHAT_SETTINGS']).toBe(path);
    expect(existsSync(join(ROOT, shipped!))).toBe(true);
  });

  test('the heap of a worker fits its memory', () => {
    const { environment: variables, mem_limit: memory } = services['worker']!;
    expect(variables!['NODE_OPTIONS']).toBe(heapOptions(memory!));
  });

  test('nobody comes to Postgres as its superuser, for whom it keeps the last connections', () => {
    const roles = [...read('deploy/postgres/roles.sh').matchAll(/^create role (\w+) (.*) password/gm)];
    expect(roles.map(([, name]) => name)).toEqual(['webchat', 'temporal']);
    for (const [, , rights] of roles) expect(rights).not.toContain('superuser');
    const users = Object.values(services).flatMap(({ environment: variables = {} }) => [
      ...[variables['POSTGRES_USER'], variables['SQL_USER']],
      /^postgresql:\/\/(\w+):/.exec(variables['DATABASE_URL'] ?? '')?.[1],
    ]);
    expect(new Set(users.filter(Boolean))).toEqual(new Set(['webchat', 'temporal']));
  });

  test('whatever goes on running is looked at', () => {
    const unseen = ours.filter(([, { restart, healthcheck }]) => restart && !healthcheck);
    expect(unseen).toEqual([]);
  });

  test('a worker is asked whether it is alive, where it answers that', () => {
    const { environment: variables, healthcheck } = services['worker']!;
    expect(healthcheck!.test.join(' ')).toContain(`localhost:${variables!['WORKER_HEALTH_PORT']}/livez`);
  });

  test('Prometheus finds every server and worker where it shows its metrics', () => {
    const { scrape_configs: jobs } = parse(read('deploy/prometheus/compose.yml')) as {
      scrape_configs: Scraped[];
    };
    expect(jobs.map(({ job_name: name }) => name)).toEqual(JOBS);
    const [ofServers, ofWorkers] = jobs as [Scraped, Scraped];
    const servers = Object.keys(services).filter((name) => name.startsWith('server-'));
    expect(ofServers.static_configs?.[0].targets).toEqual(
      servers.map((name) => `${name}:${services[name]!.environment!['PORT']}`),
    );
    const [{ names, port }] = ofWorkers.dns_sd_configs!;
    expect(names).toEqual(['worker']);
    expect(services['worker']!.environment!['WORKER_METRICS_ADDRESS']).toBe(`0.0.0.0:${port}`);
  });

  test('the proxy knows the servers, asks them often enough, and they wait for it', () => {
    const caddyfile = read('deploy/Caddyfile');
    const servers = Object.keys(services).filter((name) => name.startsWith('server-'));
    expect(/reverse_proxy (.*) \{/.exec(caddyfile)?.[1]?.split(' ')).toEqual(
      servers.map((name) => `${name}:${services[name]!.environment!['PORT']}`),
    );
    for (const name of servers) {
      const { environment: variables, stop_grace_period: grace, healthcheck } = services[name]!;
      const drain = Number(variables!['DRAIN_SECONDS']);
      expect(Number.parseInt(grace!)).toBeGreaterThanOrEqual(drain + END_SECONDS);
      expect(2 * Number(/health_interval (\d+)s/.exec(caddyfile)?.[1])).toBeLessThan(drain);
      expect(healthcheck!.test.join(' ')).toContain(`localhost:${variables!['PORT']}/livez`);
    }
  });
});

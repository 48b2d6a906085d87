/**
 * `/openapi.json`: every route of this server that a program calls. What is not in it: the demo page, which is there
 * beside a simulator alone, and the widget's later scripts, whose names are the build's.
 */
import { z } from 'zod';
import {
  answer,
  BY_TOKEN,
  FAILURE,
  heading,
  jsonOf,
  operationPaths,
  refusal,
  refusals,
  text,
} from '../ops/openapi';
import { codecBody } from './codec';
import { widgetPaths } from './openapi-widget';

/** OpenAPI 3.1. @param fileTypes that are taken, as MIME names them */
export function openApi(fileTypes: readonly string[]): object {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Podium webchats',
      version: '1',
      description:
        'Below `/ops` stands everything that `podium-webchat` can do: each call is a POST with a JSON object, at the ' +
        'name of the command, and the name of the token stands in the audit as who did it. Below `/widget` is what ' +
        'the widget asks from the browser; the rest is for Podium, Temporal and those who watch.',
    },
    paths: {
      ...operationPaths(fileTypes),
      ...widgetPaths(fileTypes),
      '/webhooks/podium': { post: receive('webhook') },
      '/podium/webchat': { post: receive('webhook_skill') },
      '/codec/decode': { post: transcode('codec_decode', 'What payloads of Temporal say') },
      '/codec/encode': { post: transcode('codec_encode', 'Payloads for Temporal, encrypted') },
      '/codec/{token}/decode': { post: byPath('codec_decode_by_address', 'What payloads of Temporal say') },
      '/codec/{token}/encode': {
        post: byPath('codec_encode_by_address', 'Payloads for Temporal, encrypted'),
      },
      '/files/{link}': { get: FILE },
      '/livez': { get: ALIVE },
      '/readyz': { get: READY },
      '/metrics': { get: METRICS },
      '/openapi.json': { get: DESCRIPTION },
    },
    components: {
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'One of OPS_TOKENS, of the form name:token.' },
        conversation: {
          type: 'http',
          scheme: 'bearer',
          description: 'The `conversation` that the browser has sent with its messages.',
        },
        ...SIGNATURES,
      },
      schemas: { Failure: FAILURE },
    },
  };
}

const signature = (name: string, description: string) => ({
  type: 'apiKey',
  in: 'header',
  name,
  description,
});

const SIGNATURES = {
  timestamp: signature('podium-timestamp', 'Unix milliseconds, as signed.'),
  signature: signature('podium-signature', 'HMAC-SHA256 in hex of the timestamp, a dot and the body.'),
  skill_signature: signature('X-Podium-Signature', 't=<unix seconds>,v1=<the same HMAC>.'),
};

/** As webhooks are signed, or as a skill's are. */
const BY_SIGNATURE = [{ timestamp: [], signature: [] }, { skill_signature: [] }];

const accepted = z.object({
  status: z.enum(['accepted', 'duplicate', 'ignored', 'quarantined']),
  eventId: z.string(),
  error: z.object({ code: z.string(), message: z.string(), hint: z.string() }).optional(),
});

/** What is signed is never refused, whatever it holds: a webhook that fails holds up all stores behind it. */
const receive = (operationId: string) => ({
  ...heading(operationId, "Takes an event of Podium's, in either contract's shape", 'webhooks', BY_SIGNATURE),
  requestBody: {
    required: false,
    content: {
      'application/json': { schema: { description: 'As Podium sends it. What is no event is quarantined.' } },
    },
  },
  responses: {
    200: answer('It is kept; `error` says why it is in quarantine.', jsonOf(accepted, 'output')),
    401: refusal('The signature is missing, wrong, or too old.'),
    413: refusal('It is too large.'),
    503: refusal('It could not be kept. Deliver it again.'),
  },
});

const transcode = (operationId: string, summary: string) => ({
  ...heading(operationId, summary, 'codec', BY_TOKEN),
  requestBody: { required: true, content: { 'application/json': { schema: jsonOf(codecBody, 'input') } } },
  responses: {
    200: answer('As many payloads, in the same order.', jsonOf(codecBody, 'output')),
    ...refusals(400, 401, 403, 413),
  },
});

/** For a Web UI that can only be given an address. */
const byPath = (operationId: string, summary: string) => ({
  ...transcode(operationId, summary),
  security: [],
  parameters: [inPath('token', 'One of OPS_TOKENS, of the form name:token:codec')],
});

function inPath(name: string, description: string) {
  return { name, in: 'path', required: true, description, schema: { type: 'string', minLength: 1 } };
}

const FILE = {
  ...heading('file', 'A file of a customer, for who has a link to it', 'files'),
  parameters: [inPath('link', 'Of "files list"')],
  responses: {
    200: { description: 'The file, as it was sent.', content: text('*/*') },
    404: refusal('There is no such file, or it was deleted.'),
    410: refusal('The link has expired.'),
  },
};

const ALIVE = {
  ...heading('livez', 'Whether the process runs; nothing is touched', 'health'),
  responses: { 200: answer('It does.', jsonOf(z.object({ alive: z.literal(true) }), 'output')) },
};

const readiness = z.object({
  ready: z.boolean(),
  checks: z.record(z.string(), z.string()).describe('"ok", or what is wrong with it'),
});

const READY = {
  ...heading('readyz', 'Whether events can be received, and what else is away', 'health'),
  responses: {
    200: answer('They can.', jsonOf(readiness, 'output')),
    503: answer('They cannot.', jsonOf(readiness, 'output')),
  },
};

const METRICS = {
  ...heading('metrics', 'Metrics for Prometheus', 'health'),
  responses: { 200: { description: 'In its text format.', content: text('text/plain') } },
};

const DESCRIPTION = {
  ...heading('openapi', 'This description of all routes', 'health'),
  responses: { 200: answer('OpenAPI 3.1.', { type: 'object' }) },
};

/** What the widget asks of the server, described for who writes another one. `docs/widget.md` says what it means. */
import { z } from 'zod';
import {
  answer,
  FAILURE,
  fileForm,
  heading,
  jsonOf,
  refusal,
  refusals,
  SERVED_LOCATION,
  text,
} from '../ops/openapi';
import { phoneInput } from '../ops/operation';
import { messageFields } from './widget-fields';

/** @param fileTypes that customers may send, as MIME names them */
export function widgetPaths(fileTypes: readonly string[]): Record<string, object> {
  return {
    '/widget/config': { get: CONFIG },
    '/widget/messages': { post: MESSAGE },
    '/widget/attachments': { post: attachment(fileTypes) },
    '/widget/replies': { get: REPLIES },
    '/widget/podium-webchat.js': { get: script('widget_script', 'The widget, for a script element') },
    '/widget/podium-webchat.mjs': { get: script('widget_module', 'The widget, as a module') },
  };
}

const query = (name: string, required: boolean, schema: object) => ({ name, in: 'query', required, schema });
const location = query('location_uid', true, SERVED_LOCATION);

const common = (operationId: string, summary: string) => heading(operationId, summary, 'widget');

const LIMITED = {
  ...refusals(400),
  403: refusal('The settings do not name the origin of this page.'),
  429: refusal('Too many requests.', {
    'Retry-After': { description: 'Seconds', schema: { type: 'string' } },
  }),
};

const config = z.object({
  location: z.object({ uid: z.string(), name: z.string(), country: z.string().nullable() }),
  language: z.string(),
  limits: z.object({
    max_file_bytes: z.int(),
    file_types: z.array(z.string()),
    max_files: z.int(),
    max_text: z.int(),
    max_name: z.int(),
  }),
  consent: z.string(),
  texts: z.record(z.string(), z.string()),
});

const CONFIG = {
  ...common('widget_config', 'What the widget has to know of its store'),
  parameters: [
    location,
    query('language', false, { type: 'string', description: 'BCP 47; English where we have none' }),
  ],
  responses: {
    200: answer('Good for a minute.', jsonOf(config, 'output')),
    ...LIMITED,
  },
};

const FIELDS = jsonOf(messageFields, 'input') as { properties: Record<string, object> };
const MESSAGE_FIELDS = {
  ...FIELDS,
  required: ['message_id', 'phone', 'location_uid'],
  properties: {
    ...FIELDS.properties,
    phone: {
      ...jsonOf(phoneInput, 'input'),
      description: "As typed: a local form is read in the store's country",
    },
    location_uid: SERVED_LOCATION,
  },
};
const WORDS = { ...FIELDS.properties['body'], pattern: '\\S' };

const taken = z.object({
  status: z.enum(['accepted', 'duplicate']),
  opted_out: z.boolean().describe('Then no text will come'),
});

const MESSAGE = {
  ...common('widget_message', 'What a customer writes'),
  requestBody: {
    required: true,
    content: {
      'application/json': {
        schema: {
          ...MESSAGE_FIELDS,
          required: [...MESSAGE_FIELDS.required, 'body'],
          properties: { ...MESSAGE_FIELDS.properties, body: WORDS },
        },
      },
    },
  },
  responses: {
    202: answer('It is kept.', jsonOf(taken, 'output')),
    ...LIMITED,
    ...refusals(413, 503),
  },
};

const takenFile = z.object({
  status: z.literal('accepted'),
  fileUid: z.string(),
  sizeBytes: z.int(),
  sha256: z.string(),
  opted_out: z.boolean(),
});

const fileRefusal = (description: string) =>
  answer(`${description} Its words are taken, where \`message\` says so.`, {
    ...FAILURE,
    properties: { ...FAILURE.properties, message: { const: 'accepted' } },
  });

const attachment = (fileTypes: readonly string[]) => ({
  ...common('widget_attachment', 'A file of a customer, with words or without'),
  requestBody: { required: true, content: fileForm(MESSAGE_FIELDS, fileTypes) },
  responses: {
    202: answer('It is kept.', jsonOf(takenFile, 'output')),
    ...LIMITED,
    ...refusals(503),
    413: fileRefusal('The file is too large.'),
    415: fileRefusal('Files of this type are not taken, or it is no form.'),
  },
});

const REPLIES = {
  ...common('widget_replies', 'The replies to what was written in this browser, as they come'),
  security: [{ conversation: [] }],
  parameters: [
    location,
    {
      ...{ name: 'Last-Event-ID', in: 'header', required: false, schema: { type: 'string' } },
      description: 'Of the last event that came: what was missed comes first',
    },
  ],
  responses: {
    200: {
      description: 'Server-sent events: `state` and `reply`.',
      content: text('text/event-stream'),
    },
    204: { description: 'Nothing can come any more before the next message.' },
    ...LIMITED,
    401: refusal('This browser has not written to this store.'),
  },
};

const script = (operationId: string, summary: string) => ({
  ...common(operationId, summary),
  responses: {
    200: { description: 'The script.', content: text('text/javascript') },
    304: { description: 'It is as the browser has it.' },
  },
});

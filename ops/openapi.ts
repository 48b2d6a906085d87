/** The operators' routes, described by the schemas that check what comes in. */
import { z } from 'zod';
import { MOST_TEXT } from './file-sends';
import { fileSend } from './operations/files';
import { OPERATIONS, pathOf } from './operations';
import { phoneInput, type Operation } from './operation';

/** The answer of every refusal, as `components.schemas.Failure`. */
export const FAILURE = {
  type: 'object',
  required: ['error'],
  additionalProperties: false,
  properties: {
    error: {
      type: 'object',
      required: ['code', 'message', 'hint'],
      additionalProperties: false,
      properties: {
        code: { type: 'string' },
        message: { type: 'string' },
        hint: { type: 'string' },
        field: { type: 'string', description: 'Which field of a form it is about' },
      },
    },
  },
};

/** The security schemes by which operators are let in. */
export const BY_TOKEN = [{ token: [] }];

/** How the description of a route begins. @param security the schemes that let a caller in; none lets everybody in */
export const heading = (operationId: string, summary: string, tag: string, security: object[] = []) => ({
  ...{ operationId, summary, tags: [tag], security },
});

/** A content that is text. */
export const text = (mediaType: string) => ({ [mediaType]: { schema: { type: 'string' } } });

/** An answer in JSON. */
export const answer = (description: string, schema: object) => ({
  description,
  content: { 'application/json': { schema } },
});

export const refusal = (description: string, headers?: object) => ({
  ...answer(description, { $ref: '#/components/schemas/Failure' }),
  ...(headers && { headers }),
});

const header = (description: string) => ({ description, schema: { type: 'string' } });

const REFUSALS = {
  400: refusal('The request is not in the form that is described here, or it cannot be told what is meant.'),
  401: refusal('A valid token is missing.', { 'WWW-Authenticate': header('Bearer') }),
  403: refusal('The token is not for this: it is for the codec alone, or may not stand in an address.'),
  404: refusal('There is no such thing.'),
  409: refusal('It cannot be done now; the message says why.'),
  413: refusal('The body is too large.'),
  415: refusal('Files of this type are not taken, or it is no form.'),
  502: refusal('Podium could not be asked, or did not answer.'),
  503: refusal(
    'Something that it needs is away, not configured, or did not answer: what was wished may still happen.',
  ),
};

/** How these refusals look, by status. */
export function refusals(...statuses: (keyof typeof REFUSALS)[]): object {
  return Object.fromEntries(statuses.map((status) => [status, REFUSALS[status]]));
}

/** A schema as OpenAPI has it. @param io whether it is sent to us or by us */
export function jsonOf(schema: z.ZodType, io: 'input' | 'output'): object {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io });
  return rest;
}

/** Where no other location will do. */
export const SERVED_LOCATION = {
  type: 'string',
  format: 'served-location-uid',
  description: 'The uid of a location that is in Podium and not archived',
};

/** A form with fields and then a file. @param types of files that are taken, as MIME names them */
export const fileForm = (schema: { properties: object; required: string[] }, types: readonly string[]) => ({
  'multipart/form-data': {
    schema: {
      ...schema,
      type: 'object',
      required: [...schema.required, 'file'],
      properties: {
        ...schema.properties,
        file: { type: 'string', contentMediaType: 'application/octet-stream', description: 'The last part' },
      },
    },
    encoding: { file: { contentType: types.join(', ') } },
  },
});

/**
 * By their paths. Phones stand in bodies alone: addresses are written into the logs of whatever lies between.
 *
 * @param fileTypes that are sent to customers, as MIME names them
 */
export function operationPaths(fileTypes: readonly string[]): Record<string, object> {
  return {
    ...Object.fromEntries(OPERATIONS.map((operation) => [pathOf(operation), { post: describe(operation) }])),
    '/ops/messages/attachment': { post: sendFile(fileTypes) },
  };
}

const OF_ALL = refusals(400, 401, 403, 404, 409, 413, 502, 503);

function describe({ name, summary, input, output }: Operation) {
  const schema = jsonOf(input, 'input');
  const takesNothing = input.safeParse({}).success && !('anyOf' in schema);
  return {
    ...heading(name.replaceAll(' ', '_'), summary, name.split(' ')[0]!, BY_TOKEN),
    requestBody: {
      required: !takesNothing,
      content: { 'application/json': { schema } },
    },
    responses: { 200: answer('Done.', jsonOf(output, 'output')), ...OF_ALL },
  };
}

/** A form, since the file comes with it. */
const sendFile = (fileTypes: readonly string[]) => ({
  ...heading(
    'files_send',
    'Sends a file to a customer, unless the customer has opted out',
    'files',
    BY_TOKEN,
  ),
  requestBody: {
    required: true,
    content: fileForm(
      {
        required: ['phone', 'location_uid'],
        properties: {
          phone: jsonOf(phoneInput, 'input'),
          location_uid: SERVED_LOCATION,
          body: { type: 'string', maxLength: MOST_TEXT, description: 'The words that go with it' },
          message_id: { type: 'string', format: 'uuid', description: 'The same again is the same send' },
        },
      },
      fileTypes,
    ),
  },
  responses: {
    202: answer(
      'It is kept, and waits to be sent; "files sent" tells what became of it.',
      jsonOf(fileSend, 'output'),
    ),
    ...OF_ALL,
    ...refusals(415),
  },
});

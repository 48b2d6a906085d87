/** The HTTP API of the operators, described by the schemas that check it. */
import { z } from 'zod';
import { fileSend } from './operations/files';
import { OPERATIONS, pathOf } from './operations';
import type { Operation } from './operation';

const failure = {
  type: 'object',
  required: ['error'],
  additionalProperties: false,
  properties: {
    error: {
      type: 'object',
      required: ['code', 'message', 'hint'],
      additionalProperties: false,
      properties: { code: { type: 'string' }, message: { type: 'string' }, hint: { type: 'string' } },
    },
  },
};

const refusal = (description: string) => ({
  description,
  content: { 'application/json': { schema: { $ref: '#/components/schemas/Failure' } } },
});

const REFUSALS = {
  400: refusal('The request is not in the form that is described here, or it cannot be told what is meant.'),
  401: refusal('A valid token is missing.'),
  403: refusal('The token is for the codec alone.'),
  404: refusal('There is no such thing.'),
  409: refusal('It cannot be done now; the message says why.'),
  413: refusal('The body is too large.'),
  502: refusal('Podium could not be asked, or did not answer.'),
  503: refusal('Something that it needs is away, or not configured.'),
};

/** OpenAPI 3.1. Phones stand in bodies alone: addresses are written into the logs of whatever lies between. */
export function openApi(): object {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Podium webchats: operators',
      version: '1',
      description:
        'Everything that `podium-webchat` can do. Each call is a POST with a JSON object, at the name of the command. ' +
        'The name of the token stands in the audit as who did it.',
    },
    security: [{ token: [] }],
    paths: {
      ...Object.fromEntries(
        OPERATIONS.map((operation) => [pathOf(operation), { post: describe(operation) }]),
      ),
      '/ops/messages/attachment': { post: SEND_FILE },
    },
    components: {
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'One of OPS_TOKENS, of the form name:token.' },
      },
      schemas: { Failure: failure },
    },
  };
}

function describe({ name, summary, input, output }: Operation) {
  return {
    operationId: name.replaceAll(' ', '_'),
    summary,
    tags: [name.split(' ')[0]],
    requestBody: {
      required: input.safeParse({}).success === false,
      content: { 'application/json': { schema: schemaOf(input, 'input') } },
    },
    responses: {
      200: { description: 'Done.', content: { 'application/json': { schema: schemaOf(output, 'output') } } },
      ...REFUSALS,
    },
  };
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output') {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io });
  return rest;
}

/** A form, since the file comes with it. */
const SEND_FILE = {
  operationId: 'files_send',
  summary: 'Sends a file to a customer, unless the customer has opted out',
  tags: ['files'],
  requestBody: {
    required: true,
    content: {
      'multipart/form-data': {
        schema: {
          type: 'object',
          required: ['phone', 'location_uid', 'file'],
          properties: {
            phone: { type: 'string', description: 'In international form' },
            location_uid: { type: 'string' },
            body: { type: 'string', maxLength: 10_000, description: 'The words that go with it' },
            message_id: { type: 'string', format: 'uuid', description: 'The same again is the same send' },
            file: {
              type: 'string',
              contentMediaType: 'application/octet-stream',
              description: 'The last part',
            },
          },
        },
      },
    },
  },
  responses: {
    202: {
      description: 'It is kept, and waits to be sent; "files sent" tells what became of it.',
      content: { 'application/json': { schema: schemaOf(fileSend, 'output') } },
    },
    ...REFUSALS,
    415: refusal('Files of this type are not taken, or it is no form.'),
  },
};

/**
 * What Podium's own OpenAPI files say of the calls that we make. They were written by neither our client nor
 * our simulator, so what both get wrong in the same way shows here.
 */
import Ajv, { type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import type { Contract } from '../../core/events';
import type { Call } from '../../simulator/call-log';
import document from '../podium-openapi/podium-2021.04.01.json';

/** A schema of OpenAPI 3.0: JSON Schema, but with `nullable`. */
export interface Schema {
  $ref?: string;
  type?: string;
  nullable?: boolean;
  enum?: unknown[];
  format?: string;
  pattern?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean;
  items?: Schema;
  minItems?: number;
}

interface Parameter {
  name: string;
  in: 'path' | 'query';
  required: boolean;
  schema: Schema;
}
type Content = Record<string, { schema: Schema }>;
interface Operation {
  parameters?: Parameter[];
  requestBody?: { required: boolean; content: Content };
  responses: Record<string, { content: Content }>;
}

const paths = document.paths as unknown as Record<string, Record<string, Operation>>;
const schemas = document.components.schemas as Record<string, Schema>;

/** Calls that Podium has announced, and that its OpenAPI files do not have yet. */
const NEWER = [/^POST \/v4\/contacts\/transactional\/opt_(in|out)$/];

/** What only the skill documents describe. All other calls of that contract are as published. */
const SKILL_ALONE = [
  /^(GET|POST) \/v4\/contacts$/,
  /^PATCH \/v4\/contacts\/[^/]+$/,
  /^POST \/v4\/conversations\/[^/]+\/(messages|close)$/,
];

/**
 * Throws unless every call is one that Podium knows: method and path, each parameter, and a body with the
 * fields of its schema and no others. What is no call to `/v4` is left out, as the token's renewal.
 */
export function expectValidByOpenApi(calls: Call[], contract: Contract = 'published'): void {
  const exempt = contract === 'skill' ? [...NEWER, ...SKILL_ALONE] : NEWER;
  const problems = new Set<string>();
  for (const call of calls) {
    const name = `${call.method} ${call.path}`;
    if (!call.path.startsWith('/v4/') || exempt.some((each) => each.test(name))) continue;
    for (const problem of problemsOf(call)) problems.add(problem);
  }
  if (problems.size > 0) throw new Error(`Not valid by Podium's OpenAPI files:\n${[...problems].join('\n')}`);
}

/** The schema of what a call is answered, as JSON, by status or `default`. */
export function responseSchema(method: string, path: string, status: string): Schema {
  return paths[path]![method.toLowerCase()]!.responses[status]!.content['application/json']!.schema;
}

/** The component of this name. */
export function componentSchema(name: string): Schema {
  return schemas[name]!;
}

/** The schema itself, where it is only a name for one. */
export function resolved(schema: Schema): Schema {
  return schema.$ref === undefined ? schema : componentSchema(schema.$ref.split('/').at(-1)!);
}

/** What is wrong with a response, in words; none when it is valid. */
export function problemsOfResponse(method: string, path: string, status: string, body: unknown): string[] {
  return check(responseSchema(method, path, status), body, false);
}

function problemsOf(call: Call): string[] {
  const found = find(call);
  if (!found) return [`${call.method} ${call.path}: unknown`];
  const { template, operation, path } = found;
  const tell = (problem: string) => `${call.method} ${template}: ${problem}`;
  const parameters = { path, query: call.query };
  return [
    ...Object.keys(call.query)
      .filter((name) => !operation.parameters?.some((each) => each.in === 'query' && each.name === name))
      .map((name) => `query ${name}: unknown`),
    ...(operation.parameters ?? []).flatMap(({ name, in: where, required, schema }) => {
      const value = parameters[where][name];
      if (value === undefined) return required ? [`${where} ${name}: missing`] : [];
      return check(schema, value, true).map((problem) => `${where} ${name}: ${problem}`);
    }),
    ...problemsOfBody(operation, call.body).map((problem) => `body ${problem}`),
  ].map(tell);
}

function problemsOfBody({ requestBody }: Operation, body: unknown): string[] {
  if (!requestBody) return body === null ? [] : ['is there'];
  if (body === null) return requestBody.required ? ['is missing'] : [];
  const [[type, { schema }]] = Object.entries(requestBody.content) as [[string, { schema: Schema }]];
  return check(closed(schema), type.startsWith('multipart') ? asSent(body) : body, false);
}

/** The log keeps of a file what it was like; OpenAPI knows it as a string of bytes. */
function asSent(body: unknown): unknown {
  const { data, attachment } = body as { data: unknown; attachment: unknown };
  return { data, attachment: attachment === null ? null : '' };
}

function find({ method, path }: Call) {
  for (const [template, operations] of Object.entries(paths)) {
    const operation = operations[method.toLowerCase()];
    const names = [...template.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!);
    const match = operation && new RegExp(`^${template.replace(/\{\w+\}/g, '([^/]+)')}$`).exec(path);
    if (!match) continue;
    const values = names.map((name, n) => [name, match[n + 1]] as const);
    return { template, operation, path: Object.fromEntries(values) as Record<string, unknown> };
  }
  return undefined;
}

/** A field that a schema does not name would be lost at Podium without a word, so it counts as wrong. */
function closed(schema: Schema): Schema {
  const { properties, items } = schema;
  return {
    ...schema,
    ...(items && { items: closed(items) }),
    ...(properties && {
      additionalProperties: false,
      properties: Object.fromEntries(Object.entries(properties).map(([name, each]) => [name, closed(each)])),
    }),
  };
}

const strictly = withFormats(new Ajv({ strict: false, allErrors: true }));
/** Parameters are texts: `100` is an integer there. */
const asTexts = withFormats(new Ajv({ strict: false, allErrors: true, coerceTypes: true }));

function withFormats(ajv: Ajv): Ajv {
  addFormats(ajv);
  return ajv;
}

const compiled = new Map<string, ValidateFunction>();

function check(schema: Schema, value: unknown, text: boolean): string[] {
  const key = JSON.stringify([schema, text]);
  const validate = compiled.get(key) ?? (text ? asTexts : strictly).compile(toJsonSchema(schema));
  compiled.set(key, validate);
  if (validate(value)) return [];
  return validate.errors!.map(({ instancePath, message, params }) => {
    const field = (params as { additionalProperty?: string }).additionalProperty;
    return `${instancePath} ${message}${field === undefined ? '' : `: ${field}`}`.trim();
  });
}

/** JSON Schema has no `nullable`, but null among the types and values. */
function toJsonSchema(schema: Schema): object {
  const { nullable, type, properties, items, ...rest } = resolved(schema);
  const json = {
    ...rest,
    ...(type !== undefined && { type: nullable ? [type, 'null'] : type }),
    ...(nullable && rest.enum && { enum: [...rest.enum, null] }),
    ...(items && { items: toJsonSchema(items) }),
  };
  if (!properties) return json;
  const entries = Object.entries(properties).map(([name, each]) => [name, toJsonSchema(each)]);
  return { ...json, properties: Object.fromEntries(entries) as object };
}

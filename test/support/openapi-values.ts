/** Answers as Podium's schemas allow them, the unkind ones too. */
import fc from 'fast-check';
import { resolved, type Schema } from './openapi';

/** A phone that turns up among the generated texts, so that somebody is found by it now and then. */
export const KNOWN_PHONE = '+61400123456';

/**
 * Any value that a schema allows: fields that are not required are missing at times, those that may be null
 * are, and others turn up that nobody has announced.
 */
export function valuesOf(schema: Schema): fc.Arbitrary<unknown> {
  const { nullable, ...known } = resolved(schema);
  const values = known.enum ? fc.constantFrom(...known.enum) : valuesOfType(known);
  return nullable ? fc.option(values, { freq: 3 }) : values;
}

function valuesOfType(schema: Schema): fc.Arbitrary<unknown> {
  switch (schema.type) {
    case 'object':
      return objects(schema);
    case 'array':
      return fc.array(valuesOf(schema.items ?? {}), { minLength: schema.minItems ?? 0, maxLength: 4 });
    case 'string':
      return texts(schema);
    case 'integer':
      return fc.integer();
    case 'boolean':
      return fc.boolean();
    default:
      return fc.jsonValue();
  }
}

function objects({ properties = {}, required = [] }: Schema): fc.Arbitrary<unknown> {
  const fields = Object.fromEntries(Object.entries(properties).map(([name, each]) => [name, valuesOf(each)]));
  const unannounced = fc.dictionary(
    fc.string().filter((name) => !(name in properties)),
    fc.constantFrom<unknown>(null, '', 'new', 0, true, [], [{}], { uid: 1 }),
    { maxKeys: 2 },
  );
  return fc
    .tuple(unannounced, fc.record(fields, { requiredKeys: required }))
    .map(([others, known]) => ({ ...others, ...known }));
}

function texts({ format }: Schema): fc.Arbitrary<string> {
  if (format === 'uuid') return fc.uuid();
  if (format === 'date-time')
    return fc.date({ noInvalidDate: true, ...FOUR_DIGITS }).map((at) => at.toISOString());
  return fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constant(KNOWN_PHONE));
}

/** RFC 3339 knows no other years. */
const FOUR_DIGITS = { min: new Date('0000-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59Z') };

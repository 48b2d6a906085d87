import { Readable } from 'node:stream';
import { PodiumError, type OutgoingFile } from './api';
import { toMultipart, type MultipartBody } from './multipart';

const file = (fields: Partial<OutgoingFile> = {}): OutgoingFile => ({
  name: 'car.png',
  contentType: 'image/png',
  size: 5,
  open: () => Readable.from([Buffer.from('ab'), Buffer.from('cde')]),
  ...fields,
});

async function bytesOf({ stream }: MultipartBody): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** As another implementation reads it. */
async function read(body: MultipartBody): Promise<FormData> {
  const headers = { 'content-type': body.contentType };
  return new Response(new Uint8Array(await bytesOf(body)), { headers }).formData();
}

describe('a form with a file', () => {
  it('is read as what was put in, and has the length that it says', async () => {
    const body = toMultipart({ data: { body: 'Grüße 🙂' }, file: file() });
    expect(await bytesOf(body)).toHaveLength(body.length);

    const form = await read(toMultipart({ data: { body: 'Grüße 🙂' }, file: file() }));
    expect(JSON.parse(form.get('data') as string)).toEqual({ body: 'Grüße 🙂' });
    const attachment = form.get('attachment') as File;
    expect([attachment.name, attachment.type, await attachment.text()]).toEqual([
      'car.png',
      'image/png',
      'abcde',
    ]);
  });

  it.each(['a "quoted" name.png', 'two\r\nlines.png', 'x"; filename="other.png', 'Ümläut 車.png'])(
    'may have any name, and stays one form: %j',
    async (name) => {
      const form = await read(toMultipart({ data: {}, file: file({ name }) }));
      expect([...form.keys()]).toEqual(['data', 'attachment']);
      expect((form.get('attachment') as File).name).toBe(name);
    },
  );

  it.each(['', 'image/png\r\nx-evil: 1', 'nonsense'])(
    'names no type that is none: %j',
    async (contentType) => {
      const form = await read(toMultipart({ data: {}, file: file({ contentType }) }));
      expect((form.get('attachment') as File).type).toBe('application/octet-stream');
    },
  );

  it('may be empty, or come from a web stream', async () => {
    const empty = await read(
      toMultipart({ data: {}, file: file({ size: 0, open: () => Readable.from([]) }) }),
    );
    expect((empty.get('attachment') as File).size).toBe(0);
    const open = () => new Blob(['abcde']).stream();
    const web = await read(toMultipart({ data: {}, file: file({ open }) }));
    expect(await (web.get('attachment') as File).text()).toBe('abcde');
  });

  it.each([
    ['shorter', 6],
    ['longer', 4],
  ])('does not end well when the file is %s than announced', async (_, size) => {
    const error = await bytesOf(toMultipart({ data: {}, file: file({ size }) })).catch((e: unknown) => e);
    expect(error).toMatchObject({ kind: 'invalid', details: { mayHaveHappened: false } });
  });

  it('closes a file that is not read to its end', async () => {
    const source = Readable.from([Buffer.from('ab'), Buffer.from('cde')]);
    const stream = toMultipart({ data: {}, file: file({ open: () => source }) }).stream;
    const chunks = stream[Symbol.asyncIterator]();
    await chunks.next();
    await chunks.next();
    await chunks.return?.();
    expect(source.destroyed).toBe(true);
  });

  it('tells that a file could not be read, and nothing of where it was', async () => {
    const open = () => Readable.from(failing());
    const error = await bytesOf(toMultipart({ data: {}, file: file({ open }) })).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(PodiumError);
    expect(error).toMatchObject({ kind: 'unreachable', details: { mayHaveHappened: false } });
    expect((error as Error).message).not.toContain('secret');
  });
});

async function* failing() {
  yield Buffer.from('ab');
  throw new Error('/secret/path is gone');
}

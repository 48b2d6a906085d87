/** Where Temporal lets no client make search attributes, as Temporal Cloud does. On a true server: test/worker-upgrade.test.ts. */
import { ServiceError, type Client } from '@temporalio/client';
import { ensureSearchAttributes } from './search-attributes';

const grpcError = (code: number) => Object.assign(new Error('refused'), { code, details: '', metadata: {} });

/** A Temporal that answers the calls about attributes with an error, and knows only some in queries. */
function cloud({
  code,
  known,
  queryCode = 3,
}: {
  code: number;
  known: string[];
  queryCode?: number;
}): Client {
  return {
    options: { namespace: 'chats.a1b2c' },
    withDeadline: (_: number, work: () => unknown) => work(),
    connection: { operatorService: { listSearchAttributes: () => Promise.reject(grpcError(code)) } },
    workflow: {
      count: async (query: string) => {
        if (!known.some((name) => query.startsWith(name)))
          throw new ServiceError('Failed to count workflows', { cause: grpcError(queryCode) });
        return { count: 0, groups: [] };
      },
    },
  } as unknown as Client;
}

const ALL = ['WebchatStatus', 'WebchatLocation', 'WebchatLastCustomerMessageAt', 'WebchatCloseReason'];
const [UNAVAILABLE, PERMISSION_DENIED, UNIMPLEMENTED] = [14, 7, 12];

it.each([PERMISSION_DENIED, UNIMPLEMENTED])(
  'is content when queries know them all (grpc code %d)',
  async (code) => {
    expect(await ensureSearchAttributes(cloud({ code, known: ALL }))).toEqual([]);
  },
);

it('says which are missing, and the command that makes them', async () => {
  const client = cloud({ code: UNIMPLEMENTED, known: ALL.slice(0, 2) });
  await expect(ensureSearchAttributes(client)).rejects.toThrow(
    'tcld namespace search-attributes add --namespace chats.a1b2c ' +
      '--sa "WebchatLastCustomerMessageAt=Datetime" --sa "WebchatCloseReason=Keyword"',
  );
});

it('takes no other trouble for an answer', async () => {
  await expect(ensureSearchAttributes(cloud({ code: UNAVAILABLE, known: [] }))).rejects.toThrow('refused');
  const away = cloud({ code: UNIMPLEMENTED, known: [], queryCode: UNAVAILABLE });
  await expect(ensureSearchAttributes(away)).rejects.toThrow('Failed to count workflows');
});

/** Podium's stores, as they were last read. */
import { z } from 'zod';
import { withCountry } from '../../core/locations';
import { writeAct } from '../../store/audit';
import { lastReading, listLocations as stored, readAlone, replaceLocations } from '../../store/locations';
import { nullableTime, operation, OperationRefused, type OpsTools } from '../operation';

const list = z.object({
  read_at: nullableTime.describe('When the list was last read from Podium; null when it never was'),
  locations: z.array(
    z.object({
      uid: z.string(),
      name: z.string(),
      country: z.string().nullable().describe("Podium's, or that of locations.country_overrides"),
      archived: z.boolean(),
      organization_uid: z.string().nullable(),
    }),
  ),
});

export const listLocations = operation({
  name: 'locations list',
  summary: 'The stores of Podium as they were last read',
  input: z.strictObject({}),
  output: list,
  run: (tools) => read(tools),
});

export const refreshLocations = operation({
  name: 'locations refresh',
  summary: 'Reads the stores anew from Podium; what waited for one that turns up is let go by the servers',
  input: z.strictObject({}),
  output: list,
  async run(tools, _, { actor }) {
    const { pool, podium } = tools;
    const done = await readAlone(pool, async () => {
      const readAt = new Date(); // at the latest: what changes while it is read may be missing
      const found = await podium.listLocations();
      await replaceLocations(pool, found, readAt, (client) =>
        writeAct(client, { kind: 'locations_refreshed', actor, details: { locations: found.length } }),
      );
      return true;
    });
    if (done) return read(tools);
    throw new OperationRefused('refused', {
      code: 'ERR_OPS_BUSY',
      message: 'A server is reading the list just now.',
      hint: 'Wait for a few seconds; "locations list" shows when it was read.',
    });
  },
});

async function read({ pool, settings }: OpsTools) {
  const [locations, readAt] = await Promise.all([stored(pool), lastReading(pool)]);
  return {
    read_at: readAt?.toISOString() ?? null,
    locations: locations
      .map((location) => withCountry(location, settings.locations.country_overrides))
      .map(({ organizationUid, ...location }) => ({ ...location, organization_uid: organizationUid })),
  };
}

/** How events are judged, stored and brought to their sessions. The list of locations may let go what it has held up. */
import type { PodiumEvent } from '../core/events';
import { sessionPolicy } from '../core/settings';
import { judge } from '../core/verdict';
import { wordsByCountry } from '../core/wish-words';
import { afterReceipt } from './after-receipt';
import { notStored } from './errors';
import { LocationDirectory } from './location-directory';
import type { Parts } from './parts';
import { releaseHeldUp } from './quarantine';
import { rejectionAlarm } from './rejection-burst';
import { Relay } from './relay';

export type Inbox = ReturnType<typeof createInbox>;

export function createInbox({ pool, client, podium, context, settings, metrics, logger }: Parts) {
  const wordsFor = wordsByCountry(settings.optout);
  const findLocation = (uid: string) => directory.find(uid);
  const judgeEvent = (event: PodiumEvent) => {
    if (!directory.isLoaded) throw notStored();
    return judge(event, findLocation, wordsFor);
  };
  const directory = new LocationDirectory({
    ...{ pool, podium },
    settings: settings.locations,
    onRead: async () => {
      const served = directory.list().filter(({ archived }) => !archived);
      const servedLocations = served.map(({ uid }) => uid);
      const tools = { pool, context, judge: judgeEvent, metrics, logger };
      const released = await releaseHeldUp({ ...tools, servedLocations });
      if (released > 0) relay.wake();
    },
    metrics,
    logger,
  });
  const relay = new Relay({
    pool,
    client,
    findLocation,
    policyOf: (location) => sessionPolicy(settings, location),
    metrics,
    logger,
  });
  const onRejection = rejectionAlarm(settings.locations.rejection_burst, { metrics, logger });
  const onReceived = afterReceipt({
    wakeRelay: () => relay.wake(),
    seekLocation: () => directory.seek(),
    onRejection,
    metrics,
    logger,
  });
  return { directory, relay, judgeEvent, onRejection, onReceived };
}

import type { CallLog } from './call-log';
import type { Deliveries } from './delivery';
import type { Faults } from './faults';
import type { Inbox } from './inbox';
import type { Settings } from './settings';
import type { World } from './world';

/** The parts of a running simulator, as the routes get them. */
export interface Parts {
  /** Changed in place, so that every part sees the change. */
  settings: Settings;
  world: World;
  deliveries: Deliveries;
  inbox: Inbox;
  calls: CallLog;
  faults: Faults;
  credentials: Credentials;
  /** Resolves when the state file holds everything; at once when there is none. */
  saveNow: () => Promise<void>;
}

/** What `/oauth/token` asks for. */
export interface Credentials {
  clientId: string;
  clientSecret: string;
  /** The first one; with rotation others follow. */
  refreshToken: string;
}

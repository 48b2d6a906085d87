/** Everything that an operator can do, for the command line and the HTTP API. */
import type { Operation } from './operation';
import * as access from './operations/access';
import * as audit from './operations/audit';
import * as config from './operations/config';
import * as contacts from './operations/contacts';
import * as events from './operations/events';
import * as files from './operations/files';
import * as locations from './operations/locations';
import * as optOuts from './operations/opt-outs';
import * as phone from './operations/phone';
import * as robot from './operations/robot';
import * as schedules from './operations/schedules';
import * as sessions from './operations/sessions';
import * as timeline from './operations/timeline';
import * as webhooks from './operations/webhooks';
import * as workers from './operations/workers';

export const OPERATIONS: readonly Operation[] = [
  timeline.showTimeline,
  sessions.listSessions,
  sessions.showSession,
  sessions.closeSession,
  sessions.scanSessions,
  optOuts.checkOptOut,
  optOuts.optOutHistory,
  optOuts.recordOptOut,
  optOuts.restoreOptOut,
  optOuts.dismissOptOut,
  optOuts.retryMirrors,
  optOuts.auditOptOut,
  optOuts.reportOptOuts,
  optOuts.importOptOuts,
  optOuts.classifyText,
  contacts.showContact,
  contacts.exportContact,
  contacts.eraseContact,
  events.listEvents,
  events.showEvent,
  events.replayEvents,
  events.quarantineEvents,
  events.ingestFile,
  locations.listLocations,
  locations.refreshLocations,
  robot.pauseRobot,
  robot.resumeRobot,
  robot.showRobot,
  webhooks.listWebhooks,
  webhooks.showWebhook,
  webhooks.registerWebhook,
  webhooks.updateWebhook,
  webhooks.enableWebhook,
  webhooks.disableWebhook,
  webhooks.deleteWebhook,
  webhooks.verifyWebhook,
  webhooks.examineWebhook,
  schedules.listSchedules,
  schedules.runSchedule,
  workers.listWorkers,
  workers.promoteWorkers,
  files.listFiles,
  files.showFileSend,
  audit.verifyAudit,
  audit.showAudit,
  access.showAccess,
  config.checkConfig,
  phone.normalizePhone,
] as readonly Operation[];

/** Where an operation is found: `sessions list` at `/ops/sessions/list`. */
export const pathOf = ({ name }: Pick<Operation, 'name'>): string => `/ops/${name.replaceAll(' ', '/')}`;

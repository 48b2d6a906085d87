/** What is on record of a phone's opt-out, in words. */
import { NO_STORE } from '../../store/opt-out-mirrors';
import type { MirrorReport, OptOutHistoryReport, OptOutReport } from '../opt-outs';

/** The state of a phone and of its mirror, in a sentence or two. */
export function optOutInWords(report: OptOutReport): string {
  const { opted_out, source, recorded_at, version, undecided_since, unsettled, podium } = report;
  if (undecided_since !== null && !opted_out)
    return `gets nothing since ${undecided_since}, until somebody has decided whether an opt-out was meant (optout record, or optout dismiss --seen-version ${version}).`;
  if (source === null) return 'not opted out.';
  const waits = unsettled ? '; sends wait until Podium was asked about an opt-out that it told of since' : '';
  const since = `${opted_out ? 'opted out' : 'opted in'} since ${recorded_at} (${source})${waits}`;
  return podium ? `${since}. Podium: ${mirrorInWords(podium)}.` : `${since}.`;
}

function mirrorInWords({
  state,
  told_at,
  not_permitted_since,
  last_attempt_at,
  error_code,
}: MirrorReport): string {
  const why = error_code === null ? '' : `, ${error_code}`;
  switch (state) {
    case 'told':
      return `knows since ${told_at}`;
    case 'pending':
      return last_attempt_at === null
        ? 'is to be told'
        : `is being told; last tried ${last_attempt_at}${why}`;
    case 'not_permitted':
      return `does not permit us to tell it, since ${not_permitted_since}${why}; nothing is texted all the same, and it is asked again once a day`;
    case 'refused':
      return error_code === NO_STORE
        ? `is not told: no store is known that the customer has to do with, and it is told by a store (name one: optout record --location UID; ${NO_STORE})`
        : `refuses it${why}`;
  }
}

const WISHES = {
  opt_out: 'opt-out',
  opt_in: 'opt-in',
  ask: 'opt-out in other words',
  dismiss: 'no opt-out after all',
} as const;

/** A wish that is on record, on one line: by Podium's clock, and behind it by ours. */
export function optOutEntryInWords(entry: OptOutHistoryReport): string {
  const { at, written_at, wish, version, applied, source, actor, rule, location_uid, message_uid, proof } =
    entry;
  const how = [
    ...[source, `by ${actor}`, rule && `rule ${rule}`, location_uid && `at ${location_uid}`],
    ...[message_uid && `message ${message_uid}`, proof && `proof: ${proof}`, `written ${written_at}`],
  ];
  const effect = applied ? `version ${version}` : 'changed nothing';
  return `${at}  ${WISHES[wish]}  ${how.filter(Boolean).join(', ')}  (${effect})`;
}

/**
 * Whether the layers that know of a phone's opt-out say the same: our ledger, how far Podium was told (the
 * mirror), and Podium's own contact. The ledger decides about every send, whatever is found here.
 */

export interface OptOutLayers {
  /** The ledger's state; null when nobody ever wanted a change. */
  ledger: {
    optedOut: boolean;
    /** Since when nothing is sent until a person decides; Podium has no such state. */
    undecidedAt: Date | null;
    /** Of the last opt-out or opt-in; null where there was none. */
    source: string | null;
    recordedAt: Date | null;
  } | null;
  /** How far Podium was told of that state; null when there was nothing to tell. */
  mirror: { state: 'pending' | 'told' | 'not_permitted' | 'refused'; toldAt: Date | null } | null;
  /** Podium has accepted a contact of this phone, and need not give it yet. */
  contactAwaited: boolean;
  podium: PodiumAnswer;
}

/** What Podium says of the phone. */
export type PodiumAnswer =
  /** `optedOutAt` by Podium's clock; null when it holds no opt-out. */
  | { kind: 'contact'; optedOutAt: Date | null }
  | { kind: 'none' }
  | { kind: 'unknown'; reason: UnknownReason };

/** All layers say the same, or there is nothing for Podium to know. */
export type AgreedReason =
  | 'agree'
  /** Podium has no such state, and holds no opt-out. */
  | 'undecided'
  | 'no_contact'
  /** Opted out here, and Podium has no contact that it could text. */
  | 'no_contact_to_opt_out';

/** A layer says something else. */
export const DRIFT_REASONS = [
  'mirror_pending', // Podium is being told, or was in the last minute
  'mirror_not_permitted',
  'mirror_refused',
  'opted_out_here_only', // though Podium was told, or has told us
  'opted_out_at_podium_only', // no later opt-in is known here: an event of the contact was missed
  'opted_in_here_only', // later than Podium's opt-out, and Podium was told
] as const;
export type DriftReason = (typeof DRIFT_REASONS)[number];

/** A layer could not be looked at, and nobody can tell. */
export type UnknownReason =
  | 'database_unreachable'
  | 'podium_unreachable'
  | 'podium_throttled'
  | 'podium_no_access'
  /** It does not like the question, or its answer cannot be read. */
  | 'podium_unclear'
  | 'contact_not_readable_yet'
  /** Podium is asked by a store, and none is known. */
  | 'no_location';

export type OptOutVerdict =
  | { consistent: true; reason: AgreedReason; mend: null }
  | { consistent: false; reason: DriftReason; mend: Mend | null }
  | { consistent: null; reason: UnknownReason; mend: null };

/**
 * What may be done without a person. `record`: Podium's opt-out, by its own time, here. `tell_again`: Podium of
 * ours. Nothing here ever lets a text out: an opt-in is never recorded, nor is Podium told of one.
 */
export type Mend = 'record' | 'tell_again';

/** What was told so recently may not show in what Podium answers. */
const FRESH_MS = 60_000;

/**
 * The verdict on a phone. Podium is to be asked before the ledger is read: what comes in between is then found
 * as being told, and not as drift that nobody sees to.
 */
export function auditVerdict(layers: OptOutLayers, now: Date): OptOutVerdict {
  const { ledger, podium } = layers;
  if (podium.kind === 'unknown') return unknown(podium.reason);
  const here = ledger?.optedOut ?? false;
  if (podium.kind === 'none') {
    if (layers.contactAwaited) return unknown('contact_not_readable_yet');
    return agreed(here ? 'no_contact_to_opt_out' : ledger?.undecidedAt ? 'undecided' : 'no_contact');
  }
  const { optedOutAt } = podium;
  if (here && optedOutAt === null) return outHereOnly(layers, now);
  if (!here && optedOutAt !== null) return outAtPodiumOnly(layers, optedOutAt, now);
  return agreed(!here && ledger?.undecidedAt ? 'undecided' : 'agree');
}

/**
 * What a customer or an operator has told us, Podium is told again. Its own opt-out, which it does not show
 * any more, may have been taken back there, or never have stood on the contact (a carrier's): for a person.
 */
function outHereOnly({ ledger, mirror }: OptOutLayers, now: Date): OptOutVerdict {
  const untold = untoldReason(mirror, now);
  if (untold) return drift(untold);
  const mayTell = mirror !== null && ledger?.source !== 'podium';
  return drift('opted_out_here_only', mayTell ? 'tell_again' : null);
}

/** The later event wins, and a tie means opted out, as in the ledger. */
function outAtPodiumOnly({ ledger, mirror }: OptOutLayers, optedOutAt: Date, now: Date): OptOutVerdict {
  const optedInLater = ledger !== null && ledger.recordedAt !== null && ledger.recordedAt > optedOutAt;
  if (!optedInLater) return drift('opted_out_at_podium_only', 'record');
  return drift(untoldReason(mirror, now) ?? 'opted_in_here_only');
}

/** Why Podium need not know our state yet; null when it should. */
function untoldReason(mirror: OptOutLayers['mirror'], now: Date): DriftReason | null {
  switch (mirror?.state) {
    case 'pending':
      return 'mirror_pending';
    case 'not_permitted':
      return 'mirror_not_permitted';
    case 'refused':
      return 'mirror_refused';
    case 'told':
      return mirror.toldAt && now.getTime() - mirror.toldAt.getTime() < FRESH_MS ? 'mirror_pending' : null;
    case undefined:
      return null;
  }
}

const agreed = (reason: AgreedReason): OptOutVerdict => ({ consistent: true, reason, mend: null });
const drift = (reason: DriftReason, mend: Mend | null = null): OptOutVerdict => ({
  consistent: false,
  reason,
  mend,
});
const unknown = (reason: UnknownReason): OptOutVerdict => ({ consistent: null, reason, mend: null });

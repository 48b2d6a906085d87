/**
 * What the workflows ask of Podium. Normal activities on the queue `podium-api`, whose rate limit and order
 * hold for the whole fleet: so an activity is one HTTP call, but where it says otherwise.
 */
import { ApplicationFailure, Context, log } from '@temporalio/activity';
import { NAMELESS } from '../core/contact';
import type { Purpose } from '../core/conversation';
import { PodiumError, type PodiumContact } from '../podium/api';
import { contactOf, contactToMake, contactToRead, saveContact } from '../store/contacts';
import { isOptInHeldBack } from '../store/doubtful-opt-outs';
import { markPosted, markRefused, noteToPost, type Note } from '../store/notes';
import {
  beginMirror,
  historyEntry,
  settleMirror,
  type HistoryEntry,
  type MirrorOutcome,
} from '../store/opt-out-mirrors';
import { recordOptOut } from '../store/opt-outs';
import { secondLook, settleSecondLook } from '../store/second-looks';
import { ownText } from '../store/own-texts';
import { sessionReopened } from '../store/session-close';
import { conversationOf } from './conversation';
import { importMessage, showImport } from './import-message';
import { callPodium, mayPass, toActivityFailure } from './podium-failure';
import { sendFile, type FileSendDependencies } from './send-file';
import { sendGuarded } from './send-text';

export interface PodiumDependencies extends FileSendDependencies {
  /** How often a contact that Podium says exists is read again. */
  conflictRefetchMaxAttempts: number;
}

/** A customer at a store. */
export interface CustomerHere {
  phone: string;
  locationUid: string;
}

/** One whose contact is read or made as a row of ours says: should that be erased meanwhile, nothing is written. */
type CustomerOfRow = CustomerHere & { contactId?: string };

/** A text to a customer. */
export interface TextToSend extends CustomerHere {
  /** UUID made by the workflow, so that a retry is the same send. */
  sendId: string;
  workflowId: string;
  conversationUid: string | null;
  purpose: Purpose;
  body: string;
}

export type TextOutcome =
  /** `at` is Podium's time of the message, ms since 1970. */
  | { status: 'sent'; at: number; conversationUid: string | null }
  /** The receiver has opted out. */
  | { status: 'blocked' }
  /** The robot is paused there, or has its quiet hours; for good. */
  | { status: 'held'; code: string }
  /** For good. The code is ours, or Podium's own. */
  | { status: 'refused'; code: string };

export type PodiumActivities = ReturnType<typeof createPodiumActivities>;

export function createPodiumActivities(deps: PodiumDependencies) {
  const { pool, podium, phoneHash, senderName } = deps;

  /** Looks the contact up, and mirrors what was found. */
  async function findContact({ phone, locationUid }: CustomerHere) {
    const contact = await callPodium(() => podium.findContact(phone, locationUid));
    if (contact?.optedOutAt) {
      await recordOptOut(pool, {
        ...{ phone, phoneHash: phoneHash(phone), locationUid, messageUid: null },
        ...{ wish: 'opt_out', source: 'podium', actor: 'podium', rule: null, at: contact.optedOutAt },
        contactUid: contact.uid,
      });
    }
    return contact;
  }

  /** Mirrors a contact that was read, as being at this location. */
  const mirror = (customer: CustomerOfRow, { uid, name }: PodiumContact): Promise<void> =>
    saveContact(pool, { ...customer, podiumUid: uid, name });

  /** Whether Podium has the contact, at this very location as far as it tells. */
  async function isHere(customer: CustomerOfRow): Promise<boolean> {
    const contact = await findContact(customer);
    if (contact === null) return false;
    const here = contact.locationUids.length === 0 || contact.locationUids.includes(customer.locationUid);
    if (here) await mirror(customer, contact);
    else
      await saveContact(pool, { ...customer, locationUid: null, podiumUid: contact.uid, name: contact.name });
    return here;
  }

  /**
   * Creates the contact, or adds this location to it. False when somebody else was faster. One that is known
   * keeps its name, whatever the customer is called at this store.
   */
  async function createContact({
    name: nameThere,
    ...customer
  }: CustomerOfRow & { name: string }): Promise<boolean> {
    const { phone, locationUid } = customer;
    const known = (await contactOf(pool, phone))?.name ?? NAMELESS;
    const name = known === NAMELESS ? nameThere : known;
    try {
      const { uid } = await podium.createContact({ phone, locationUid, name });
      await saveContact(pool, { ...customer, podiumUid: uid, name, nameThere });
      return true;
    } catch (error) {
      if (!(error instanceof PodiumError)) throw error;
      if (error.kind === 'conflict') return false;
      throw toActivityFailure(error);
    }
  }

  /**
   * Does something in the conversation where a note belongs. The contact is asked for it where we know
   * none, or one that Podium does not know. Somebody who writes on a website for the first time has none before
   * our first text: it is waited for. What Podium refuses for good stands in the note's row then.
   */
  async function inConversation(note: Note, act: (conversationUid: string) => Promise<void>): Promise<void> {
    try {
      await callPodium(async () => {
        if (note.conversationUid !== null && (await knows(() => act(note.conversationUid!)))) return;
        const found = await conversationOf(podium, note, note.conversationUid);
        if (found === null) throw noConversation(note);
        await act(found);
      });
    } catch (error) {
      if (error instanceof ApplicationFailure && error.nonRetryable)
        await markRefused(pool, note.id, error.type ?? 'unknown');
      throw error;
    }
  }

  /**
   * One call as a rule. The skill contract names the contact by its uid: it is looked up where the mirror does
   * not have it, or has one that Podium does not know any more.
   */
  async function tellOptOut(entry: HistoryEntry & { locationUid: string }): Promise<void> {
    const { phone, locationUid, optedOut } = entry;
    const tell = (contactUid: string | null) => podium.setOptOut(phone, locationUid, optedOut, contactUid);
    if (entry.contactUid !== null && (await knows(() => tell(entry.contactUid)))) return;
    const contact = await podium.findContact(phone, locationUid);
    await tell(contact?.uid ?? null);
  }

  return {
    sendText: (send: TextToSend): Promise<TextOutcome> => sendGuarded(deps, send),

    /** Sends a text that no session sends, as `own_texts` says. What becomes of it stands in `sends`. */
    async sendOwnText(textId: string): Promise<void> {
      const text = await ownText(pool, textId);
      if (!text) return;
      const { id: sendId, ...of } = text;
      await sendGuarded(deps, { ...of, sendId, workflowId: null });
    },

    /** Sends a file from the store, as `file_sends` says. */
    sendFile: (sendId: string): Promise<void> => sendFile(deps, sendId),

    findContact: isHere,
    createContact,
    /** Brings a message of the widget into Podium's inbox, as `widget_imports` says. `showImport` shows it to the agents. */
    importMessage: (importId: string): Promise<void> => importMessage(deps, importId),
    showImport: (importId: string): Promise<void> => showImport(deps, importId),

    /**
     * Makes the contact that a session could not have. Up to three calls, since nobody waits for it; whether there is
     * one meanwhile is looked at first. The winner counts here as well.
     */
    async makeContact(missing: { contactId: string; locationUid: string }): Promise<void> {
      const known = await contactToMake(pool, missing);
      if (!known) return;
      const customer = { phone: known.phone, ...missing };
      if (await isHere(customer)) return;
      if (await createContact({ ...customer, name: known.name ?? NAMELESS })) return;
      const winner = await findContact(customer);
      if (!winner) throw ApplicationFailure.retryable('The contact cannot be read yet.', 'not_readable_yet');
      await mirror(customer, winner);
    },

    /**
     * Reads a contact that was created and could not be read at once, with the opt-out that it may have.
     * @returns whether there is nothing left to be read
     */
    async readContact(contactId: string): Promise<boolean> {
      const customer = await contactToRead(pool, contactId);
      if (!customer) return true;
      const contact = await findContact(customer);
      if (contact) await mirror({ ...customer, contactId }, contact);
      return contact !== null;
    },

    /**
     * Reads the contact that somebody else has created: the winner counts. It may take a moment until it can
     * be read, so this is retried.
     * @returns false when the last attempt did not find it either
     */
    async readWinningContact(customer: CustomerHere): Promise<boolean> {
      const contact = await findContact(customer);
      if (!contact) {
        if (Context.current().info.attempt >= deps.conflictRefetchMaxAttempts) return false;
        throw ApplicationFailure.retryable('The contact cannot be read yet.', 'not_readable_yet');
      }
      await mirror(customer, contact);
      return true;
    },

    /** Posts a note for the agent. After an answer that was lost it may stand there twice; nobody is texted. */
    async postNote(noteId: string): Promise<void> {
      const note = await noteToPost(pool, noteId);
      if (!note?.body || note.postedAt) return;
      const { body } = note;
      await inConversation(note, (conversationUid) => podium.addNote(conversationUid, body, senderName));
      await markPosted(pool, noteId);
    },

    /** Closes the conversation that a note ends, unless the customer has written again since. */
    async closeConversation(noteId: string): Promise<void> {
      const note = await noteToPost(pool, noteId);
      if (!note?.close) return;
      if (note.workflowId !== null && (await sessionReopened(pool, note.workflowId))) return;
      await inConversation(note, (conversationUid) => podium.closeConversation(conversationUid));
    },

    /**
     * Tells Podium about an opt-out or opt-in, and writes down what became of it: that Podium does not permit
     * it, or refuses it, is no failure. What may pass is tried again, for as long as it takes.
     */
    async mirrorOptOut(historyId: number): Promise<void> {
      const entry = await historyEntry(pool, historyId);
      if (!entry || entry.locationUid === null) return;
      const settle = (outcome: MirrorOutcome) => settleMirror(pool, historyId, outcome);
      if (entry.superseded) return settle({ kind: 'overtaken' });
      if (!entry.optedOut && (await isOptInHeldBack(pool, entry.phone))) return;
      await beginMirror(pool, entry);
      try {
        await tellOptOut({ ...entry, locationUid: entry.locationUid });
        await settle({ kind: 'told' });
      } catch (error) {
        if (!(error instanceof PodiumError)) throw error;
        const code = error.details.code ?? error.kind;
        const kind = error.kind === 'not_permitted' ? error.kind : mayPass(error) ? 'failed' : 'refused';
        await settle({ kind, code });
        if (kind === 'failed') throw toActivityFailure(error);
        log.warn('Podium does not take an opt-out of ours', { code, kind });
      }
    },

    /** Asks about an opt-out that Podium has told of and that may be an echo, and decides by its answer. */
    async lookAgain({ historyId, last }: { historyId: number; last: boolean }): Promise<'settled' | 'again'> {
      const look = await secondLook(pool, historyId);
      if (!look) return 'settled';
      const { phone, locationUid } = look;
      if (locationUid === null)
        throw ApplicationFailure.nonRetryable('No list of locations was read yet.', 'no_location');
      const contact = await callPodium(() => podium.findContact(phone, locationUid));
      const answer = { optedOutAt: contact?.optedOutAt ?? null, contactUid: contact?.uid ?? null };
      return settleSecondLook(pool, historyId, answer, { phoneHash, last });
    },
  };
}

/** A conversation is looked for at ever longer intervals, and no longer than a day. */
const SOONEST_LOOK_MS = 5_000;
const LAST_LOOK_MS = 24 * 60 * 60 * 1000;

function noConversation({ conversationUid, createdAt }: Note): ApplicationFailure {
  const age = Date.now() - createdAt.getTime();
  const mayStillBegin = conversationUid === null && age < LAST_LOOK_MS;
  return ApplicationFailure.create({
    message: 'No conversation of this customer is known.',
    type: 'no_conversation',
    nonRetryable: !mayStillBegin,
    ...(mayStillBegin && { nextRetryDelay: Math.max(age, SOONEST_LOOK_MS) }),
  });
}

/** Whether Podium knows what the call is about; its other errors are thrown. */
async function knows(call: () => Promise<void>): Promise<boolean> {
  try {
    await call();
    return true;
  } catch (error) {
    if (error instanceof PodiumError && error.kind === 'not_found') return false;
    throw error;
  }
}

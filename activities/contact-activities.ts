/** Podium's contacts, looked up, made and mirrored. */
import { ApplicationFailure, Context } from '@temporalio/activity';
import { NAMELESS } from '../core/contact';
import { PodiumError, type PodiumApi, type PodiumContact } from '../podium/api';
import { contactOf, contactToMake, contactToRead, saveContact } from '../store/contacts';
import type { CustomerHere } from '../store/customer-key';
import type { Pool } from '../store/database';
import { recordOptOut } from '../store/opt-outs';
import { callPodium, toActivityFailure } from './podium-failure';

/** One whose contact is read or made as a row of ours says: should that be erased meanwhile, nothing is written. */
type CustomerOfRow = CustomerHere & { contactId?: string };

export interface ContactDependencies {
  pool: Pool;
  podium: PodiumApi;
  /** The audit's name for a phone. */
  phoneHash: (phone: string) => string;
  /** How often a contact that Podium says exists is read again. */
  conflictRefetchMaxAttempts: number;
}

export function createContactActivities({
  pool,
  podium,
  phoneHash,
  conflictRefetchMaxAttempts,
}: ContactDependencies) {
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

  return {
    findContact: isHere,
    createContact,

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
        if (Context.current().info.attempt >= conflictRefetchMaxAttempts) return false;
        throw ApplicationFailure.retryable('The contact cannot be read yet.', 'not_readable_yet');
      }
      await mirror(customer, contact);
      return true;
    },
  };
}

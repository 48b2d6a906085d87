/**
 * What the workflows ask of Podium. Normal activities on the queue `podium-api`, whose rate limit and order
 * hold for the whole fleet: so an activity is one HTTP call, but where it says otherwise.
 */
import { ownText } from '../store/own-texts';
import { createContactActivities, type ContactDependencies } from './contact-activities';
import { importMessage, showImport } from './import-message';
import { createNoteActivities } from './note-activities';
import { createOptOutActivities } from './opt-out-activities';
import { sendFile, type FileSendDependencies } from './send-file';
import { sendGuarded } from './send-text';
import type { TextOutcome, TextToSend } from './sendable';

export type PodiumDependencies = ContactDependencies & FileSendDependencies;

export type PodiumActivities = ReturnType<typeof createPodiumActivities>;

export function createPodiumActivities(deps: PodiumDependencies) {
  return {
    ...createContactActivities(deps),
    ...createNoteActivities(deps),
    ...createOptOutActivities(deps),

    sendText: (send: TextToSend): Promise<TextOutcome> => sendGuarded(deps, send),

    /** Sends a text that no session sends, as `own_texts` says. What becomes of it stands in `sends`. */
    async sendOwnText(textId: string): Promise<void> {
      const text = await ownText(deps.pool, textId);
      if (!text) return;
      const { id: sendId, ...of } = text;
      await sendGuarded(deps, { ...of, sendId, workflowId: null });
    },

    /** Sends a file from the store, as `file_sends` says. */
    sendFile: (sendId: string): Promise<void> => sendFile(deps, sendId),

    /** Brings a message of the widget into Podium's inbox, as `widget_imports` says. `showImport` shows it to the agents. */
    importMessage: (importId: string): Promise<void> => importMessage(deps, importId),
    showImport: (importId: string): Promise<void> => showImport(deps, importId),
  };
}

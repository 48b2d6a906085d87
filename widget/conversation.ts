/** A customer's chat with one store: what is written goes out through the outbox, and replies come in. */
import {
  EMPTY_DRAFT,
  isOld,
  isWaiting,
  type ChosenFile,
  type Draft,
  type Entry,
  type Identity,
  type OwnMessage,
  type Reply,
} from './chat';
import { postMessage, uploadFile, type Outcome } from './delivery';
import type { StreamEvent } from './event-stream';
import { KeptFiles } from './kept-files';
import { Outbox, underLock, type OutboxParts, type WaitingMessage } from './outbox';
import type { PanelHost } from './panel-host';
import { Replies } from './replies';

/** A phone as the customer has confirmed it. */
export interface ConfirmedPhone {
  e164: string;
  /** As people write it. */
  shown: string;
}

/** What the customer sends at once: words, files, or both. */
export interface Written {
  body: string;
  files: readonly ChosenFile[];
  /** The consent as it was shown with it; null when it was not. */
  consent: string | null;
}

/** So many messages of a chat are kept in the browser. */
const MOST_ENTRIES = 200;

type Place = Pick<PanelHost, 'widgetUrl' | 'config' | 'store' | 'onSent'>;

export class Conversation {
  private readonly files: KeptFiles;
  private readonly uploads = new Map<string, { share: number; cancel: AbortController }>();
  private readonly outboxes: Record<OutboxParts['sends'], Outbox>;
  private readonly replies: Replies;
  private readonly listeners = new Set<() => void>();
  private readonly ending = new AbortController();

  constructor(
    private readonly place: Place,
    private readonly onReply: (reply: Reply) => void,
  ) {
    const { store, widgetUrl, config } = place;
    this.files = new KeptFiles(store.name);
    const outboxOf = (sends: OutboxParts['sends']) =>
      new Outbox({
        sends,
        store,
        deliver: (message) => this.deliver(message),
        exclusively: underLock(store.name + sends),
        onSettled: (message, outcome) => this.onSettled(message, outcome),
      });
    this.outboxes = { texts: outboxOf('texts'), files: outboxOf('files') };
    this.replies = new Replies({
      url: `${widgetUrl}replies?${new URLSearchParams({ location_uid: config.location.uid })}`,
      token: () => this.identity?.conversation ?? null,
      lastEventId: () => this.identity?.lastEventId ?? null,
      onEvent: (event, token) => this.onEvent(event, token),
      onUnknown: (token) => this.onUnknown(token),
    });
    this.begin();
  }

  get entries(): Entry[] {
    return this.place.store.read('entries') ?? [];
  }

  get identity(): Identity | null {
    return this.place.store.read('identity');
  }

  get draft(): Draft {
    return this.place.store.read('draft') ?? EMPTY_DRAFT;
  }

  /** Attempts to send such a message that failed in a row. */
  failuresOf({ file }: OwnMessage): number {
    return this.outboxes[file ? 'files' : 'texts'].failures;
  }

  /** How much of a file has left, from 0 to 1; null when it is not on its way. */
  progressOf(id: string): number | null {
    return this.uploads.get(id)?.share ?? null;
  }

  listen(listener: () => void): () => void {
    const endStore = this.place.store.listen(listener);
    this.listeners.add(listener);
    return () => {
      endStore();
      this.listeners.delete(listener);
    };
  }

  changeDraft(change: Partial<Draft>): void {
    this.place.store.update('draft', (draft) => ({ ...(draft ?? EMPTY_DRAFT), ...change }));
  }

  /** A file to be sent with what is being written. */
  addFile(chosen: ChosenFile, content: Blob): void {
    void this.files.keep(chosen.id, content);
    this.changeDraft({ files: [...this.draft.files, chosen] });
  }

  removeFile({ id }: ChosenFile): void {
    void this.files.drop(id);
    this.changeDraft({ files: this.draft.files.filter((file) => file.id !== id) });
  }

  /** Another phone than before begins another conversation, in which nothing of the first is shown. */
  useIdentity(phone: ConfirmedPhone, name: string): void {
    const before = this.identity;
    if (before && before.phone !== phone.e164) {
      this.replies.stop();
      this.remove((entry) => !isWaiting(entry));
    }
    this.place.store.update('identity', (identity) => {
      const same = identity?.phone === phone.e164 ? identity : null;
      return {
        ...(same ?? { conversation: newToken(), lastEventId: null, optedOut: false, open: true }),
        phone: phone.e164,
        phoneShown: phone.shown,
        name,
      };
    });
  }

  /** Words first, then each file as a message of its own. It is kept before anything is sent. */
  send(written: Written): void {
    const texts = written.body.trim() ? [this.messageOf(written, null)] : [];
    const files = written.files.map((file) => this.messageOf({ ...written, body: '' }, file));
    const added = [...texts, ...files];
    this.place.store.update('entries', (entries) => shortened([...(entries ?? []), ...added]));
    this.changeDraft({ body: '', files: [] });
    this.flush();
  }

  /** At once, without waiting for the time of the next attempt. */
  retry(): void {
    this.entries
      .filter(isWaiting)
      .filter((message) => isOld(message))
      .reverse()
      .forEach(this.takeBack);
    for (const outbox of Object.values(this.outboxes)) outbox.failures = 0;
    this.flush();
  }

  /** Also what was given up. */
  retryGivenUp(message: OwnMessage): void {
    this.place.store.update('entries', (entries) =>
      (entries ?? []).map((entry) => (entry.id === message.id ? { ...message, cutOffs: 0 } : entry)),
    );
    this.retry();
  }

  /** Deletes a message that is not sent, and ends its upload. */
  discard(message: OwnMessage): void {
    this.uploads.get(message.id)?.cancel.abort();
    this.remove((entry) => entry.id === message.id);
    if (message.file) void this.files.drop(message.file.id);
  }

  /** Makes a message that was refused, or waited too long, a draft again, before what was typed meanwhile. */
  readonly takeBack = (message: OwnMessage): void => {
    this.remove((entry) => entry.id === message.id);
    const { body, files } = this.draft;
    this.changeDraft({
      body: [message.body, body].filter(Boolean).join('\n'),
      files: message.file ? [message.file, ...files] : files,
    });
  };

  /** Nothing of this chat stays in this browser. What the store has, it keeps. */
  forget(): void {
    for (const { cancel } of this.uploads.values()) cancel.abort();
    this.replies.stop();
    this.place.store.clear();
    void this.files.dropOthers(() => []);
  }

  end(): void {
    this.ending.abort();
    for (const outbox of Object.values(this.outboxes)) outbox.end();
    this.replies.stop();
  }

  private flush(): void {
    for (const outbox of Object.values(this.outboxes)) void outbox.flush();
  }

  private begin(): void {
    const { signal } = this.ending;
    signal.addEventListener(
      'abort',
      this.place.store.listen(() => this.onStored()),
    );
    addEventListener('online', () => this.retry(), { signal });
    document.addEventListener('visibilitychange', () => this.onLookedAt(), { signal });
    void this.files.dropOthers(() => this.neededFiles());
    this.retry();
    this.followReplies();
  }

  /** Or turned away from. What another tab has left unsent is sent by the one that is looked at. */
  private onLookedAt(): void {
    this.followReplies();
    if (document.visibilityState === 'visible') this.retry();
  }

  /** Another tab may have begun another conversation, or had this one forgotten. */
  private onStored(): void {
    for (const outbox of Object.values(this.outboxes)) outbox.onStored();
    if (this.replies.token !== (this.identity?.conversation ?? null)) this.followReplies();
  }

  /** Ids of those that are still to be sent. */
  private neededFiles(): string[] {
    const waiting = this.entries.filter(isWaiting).flatMap(({ file }) => file ?? []);
    return [...this.draft.files, ...waiting].map(({ id }) => id);
  }

  /** A hidden page needs no stream: it reads what it missed when it is looked at again. */
  private followReplies(): void {
    const sent = this.entries.some((entry) => entry.kind === 'own' && entry.status === 'sent');
    if (this.identity && sent && document.visibilityState === 'visible') this.replies.start();
    else this.replies.stop();
  }

  private messageOf({ body, consent }: Written, file: ChosenFile | null): OwnMessage {
    const { conversation, phone, name } = this.identity!;
    const id = newId();
    const envelope = {
      message_id: id,
      conversation,
      phone,
      location_uid: this.place.config.location.uid,
      body: body.trim(),
      ...(name && { name }),
      ...(consent && { consent }),
      page_url: location.origin + location.pathname,
    };
    const waiting = { status: 'waiting', envelope, notBefore: 0, cutOffs: 0, refusal: null } as const;
    return { kind: 'own', id, at: Date.now(), body: envelope.body, file, ...waiting };
  }

  private async deliver(message: WaitingMessage): Promise<Outcome> {
    const { widgetUrl } = this.place;
    if (!message.file) return postMessage(widgetUrl, message.envelope);
    const content = await this.files.get(message.file.id);
    if (!content) return { kind: 'refused', refusal: { code: FILE_LOST, field: null } };
    const cancel = new AbortController();
    const onProgress = (share: number) => {
      this.uploads.set(message.id, { share, cancel });
      this.tell();
    };
    onProgress(0);
    const { name } = message.file;
    try {
      return await uploadFile(widgetUrl, message.envelope, content, name, onProgress, cancel.signal);
    } finally {
      this.uploads.delete(message.id);
    }
  }

  private onSettled(message: WaitingMessage, outcome: Outcome): void {
    const mayBeTakenBack = outcome.kind === 'refused' && outcome.refusal.field !== null;
    if (message.file && outcome.kind !== 'later' && !mayBeTakenBack) void this.files.drop(message.file.id);
    if (outcome.kind === 'accepted') {
      const { optedOut } = outcome;
      this.changeIdentity(message.envelope.conversation, { optedOut, open: true });
      this.place.onSent();
      this.followReplies();
    }
    if (!message.file) void this.outboxes.files.flush(); // they wait for the texts before them
    this.tell();
  }

  /** @param conversation of whose stream it comes */
  private onEvent({ type, data, id }: StreamEvent, conversation: string): void {
    if (this.identity?.conversation !== conversation) return; // begun by another tab meanwhile
    const content = JSON.parse(data) as Record<string, unknown>;
    if (type === 'state')
      this.changeIdentity(conversation, {
        optedOut: content['opted_out'] === true,
        open: content['open'] !== false || content['began'] === false,
      });
    if (type === 'reply') this.addReply(content as unknown as Reply);
    if (id !== null) this.changeIdentity(conversation, { lastEventId: id });
  }

  /** Its replies count from one again, so that none of what was read before may stay. What waits is still sent. */
  private onUnknown(conversation: string): void {
    if (this.identity?.conversation !== conversation || this.identity.lastEventId === null) return;
    this.changeIdentity(conversation, { lastEventId: null });
    this.remove((entry) => !isWaiting(entry));
  }

  /** Another tab may have added it already. */
  private addReply(content: Reply): void {
    if (this.entries.some(({ id }) => id === content.id)) return;
    const reply: Reply = { ...content, kind: 'reply', private: content.private === true };
    this.place.store.update('entries', (entries) => shortened([...(entries ?? []), reply]));
    this.onReply(reply);
  }

  /** Unless the customer has begun another conversation meanwhile, or had this one forgotten. */
  private changeIdentity(conversation: string, change: Partial<Identity>): void {
    const { identity } = this;
    if (identity?.conversation === conversation)
      this.place.store.update('identity', () => ({ ...identity, ...change }));
  }

  private remove(which: (entry: Entry) => boolean): void {
    this.place.store.update('entries', (entries) => (entries ?? []).filter((entry) => !which(entry)));
  }

  private tell(): void {
    for (const listener of this.listeners) listener();
  }
}

/** Without the oldest, but for what waits to be sent. */
function shortened(entries: Entry[]): Entry[] {
  return entries.filter((entry, at) => at >= entries.length - MOST_ENTRIES || isWaiting(entry));
}

/** Of a message whose file this browser has no more. */
export const FILE_LOST = 'FILE_LOST';

function newToken(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  return btoa(String.fromCharCode(...bytes))
    .replace(/\+/g, '-')
    .replace(/\//g, '_')
    .replace(/=+$/, '');
}

/** A UUID, also where the page is not secure and the browser has no randomUUID. */
export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

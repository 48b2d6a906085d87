/** Conversations as lists of bubbles. */

/** Shows what the customer's phone has: all but what was written on the website. */
export function drawPhone(list, { messages }) {
  draw(
    list,
    messages.filter((message) => !isFromWebsite(message)).map((message) => bubble(message, 'customer')),
  );
}

/** Shows what an agent has in Podium's inbox: every message, and the notes. */
export function drawInbox(list, { messages, notes }) {
  const items = [...messages.map((message) => bubble(message, 'store')), ...notes.map(noteItem)];
  draw(
    list,
    items.sort((one, other) => Date.parse(one.at) - Date.parse(other.at)),
  );
}

function isFromWebsite({ from, direction, webchat }) {
  return webchat || (from === 'import' && direction === 'inbound');
}

/** A message as the customer or as the store sees it: one's own stand on the right. */
function bubble(message, seenBy) {
  const { at, body, direction, from, sender_name, failure_reason, attachments } = message;
  const who = { agent: 'a person', api: sender_name ?? 'robot', podium: 'Podium' };
  const name = isFromWebsite(message) ? 'on the website' : (who[from] ?? 'by text');
  const isMine = (direction === 'inbound') === (seenBy === 'customer');
  const failed = failure_reason ? ` · failed: ${failure_reason}` : '';
  const files = attachments.map(({ name, content_type }) => `\n📎 ${name ?? content_type}`).join('');
  return {
    at,
    body: body + files,
    kind: isMine ? 'mine' : '',
    label: `${name} · ${clockTime(at)}${failed}`,
  };
}

function noteItem({ at, body, sender_name }) {
  return { at, body, kind: 'note', label: `note · ${sender_name ?? ''} · ${clockTime(at)}` };
}

/** Only what is new is added, so that a screen reader hears no more than that. */
function draw(list, items) {
  const shown = [...list.children].map(({ textContent }) => textContent);
  const isLonger = shown.every((text, n) => items[n] && text === items[n].body + items[n].label);
  if (isLonger && shown.length === items.length) return;
  if (!isLonger) list.replaceChildren();
  list.append(...items.slice(list.children.length).map(itemOf));
  list.scrollTop = list.scrollHeight;
}

function itemOf({ body, kind, label }) {
  const item = document.createElement('li');
  const small = document.createElement('small');
  item.className = kind;
  item.textContent = body;
  small.textContent = label;
  item.append(small);
  return item;
}

function clockTime(at) {
  return new Date(at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit' });
}

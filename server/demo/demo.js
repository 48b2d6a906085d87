/**
 * The demo page. It plays the customer and the agent through the simulator's control API, and shows
 * what the simulator and the server say. Nothing is kept here but who the customer is.
 */
const LOOK_EVERY_MS = 2000;
/** The state comes again with every event, but not more often than this. */
const REDRAW_MS = 150;

const $ = (id) => document.getElementById(id);
const config = await getJson('/demo/config');
const stores = new Map(config.stores.map((store) => [store.uid, store]));

/** Who is watched: a phone in E.164 form at a store. Null until the first message was sent. */
let watched = null;
/** The event that was made last, to be delivered again. */
let lastEvent = null;
/** The live session, and when it was looked at. */
let session = null;
let seenAt = 0;

for (const { uid, name, country } of config.stores) {
  $('store').add(new Option(country ? `${name} (${country})` : name, uid));
}
$('texts').dataset.empty = 'No texts yet';
$('inbox').dataset.empty = 'Nothing here yet';
restore();
onSubmit('chat', sendChat);
onSubmit('reply', () => writeText(take('reply-text')));
onSubmit('agent', writeAsAgent);
onClick('stop', () => writeText('STOP'));
onClick('again', deliverAgain);
onClick('other', newCustomer);
$('store').addEventListener('change', newCustomer);
new EventSource(`${config.simulatorUrl}/sim/events`).onmessage = scheduleRedraw;
setInterval(look, LOOK_EVERY_MS);
setInterval(drawClocks, 250);

/* ---- the customer ---- */

async function sendChat() {
  const location_uid = $('store').value;
  const phone = $('phone').value;
  await customerWrites({ phone, location_uid, body: $('message').value, name: $('name').value || null });
  const { phone: e164 } = await getJson(`/demo/session?${new URLSearchParams({ phone, location_uid })}`);
  watch({ phone: e164, location: location_uid });
  say('Sent. The reply comes as a text.');
}

async function writeText(body) {
  await customerWrites({ phone: watched.phone, location_uid: watched.location, body, webchat: false });
  if (body === 'STOP') say('Opted out: nothing is sent to this phone any more, from any store.');
}

async function customerWrites(message) {
  const { event_uid } = await simulate('/customer/messages', message);
  lastEvent = event_uid;
  $('again').disabled = false;
}

/** A fresh phone, since an opt-out lasts. All are from numbers kept for examples. */
function newCustomer() {
  const last = String(Math.floor(Math.random() * 100)).padStart(2, '0');
  const phones = { AU: `0412 340 1${last}`, US: `(415) 555-01${last}` };
  $('phone').value = phones[stores.get($('store').value)?.country] ?? `+61 412 340 1${last}`;
  lastEvent = null;
  $('again').disabled = true;
  watch(null);
}

/* ---- the agent, and Podium ---- */

async function writeAsAgent() {
  const { conversations } = await stateOfPhone();
  const { uid } = conversations.find(isWatched);
  await simulate('/agent/messages', { conversation_uid: uid, body: take('agent-text') });
  say('A person has taken over: the robot is quiet now.');
}

async function deliverAgain() {
  const { attempts } = await simulate(`/deliveries/${lastEvent}/redeliver`, { times: 3, parallel: true });
  const answers = attempts.map(
    ({ status, answer }) => `${status} ${answer ? JSON.parse(answer).status : ''}`,
  );
  say(`Delivered 3 times more, and answered: ${answers.join(', ')}.`);
}

/* ---- drawing ---- */

function watch(who) {
  watched = who;
  session = null;
  sessionStorage.setItem(
    'watched',
    JSON.stringify({ watched, phone: $('phone').value, store: $('store').value }),
  );
  look();
  redraw();
}

function restore() {
  const kept = JSON.parse(sessionStorage.getItem('watched') ?? 'null');
  if (!kept || !stores.has(kept.store)) return newCustomer();
  $('store').value = kept.store;
  $('phone').value = kept.phone;
  watch(kept.watched);
}

let redrawTimer = null;
function scheduleRedraw() {
  redrawTimer ??= setTimeout(() => {
    redrawTimer = null;
    redraw();
    look();
  }, REDRAW_MS);
}

async function redraw() {
  const store = stores.get($('store').value);
  $('shop-name').textContent = store?.name ?? 'Store';
  $('address').textContent = `www.example.com/${(store?.name ?? '').toLowerCase().replaceAll(' ', '-')}`;
  $('phone-head').textContent = watched ? (stores.get(watched.location)?.name ?? 'Texts') : 'Texts';
  for (const control of document.querySelectorAll('#reply > *, #agent > *, #stop'))
    control.disabled = !watched;

  const { conversations = [] } = watched ? await stateOfPhone() : {};
  const conversation = conversations.find(isWatched) ?? { messages: [], notes: [] };
  const { messages, notes } = conversation;
  drawThread(
    'webchat',
    messages.filter(({ webchat }) => webchat).map((message) => bubble(message, 'customer')),
  );
  drawThread(
    'texts',
    messages.filter(({ webchat }) => !webchat).map((message) => bubble(message, 'customer')),
  );
  drawThread(
    'inbox',
    [...messages.map((message) => bubble(message, 'store')), ...notes.map(noteItem)].sort(byTime),
  );
  $('inbox-name').textContent = conversation.uid
    ? `${conversation.contact_name ?? 'Customer'} · ${watched.phone}`
    : 'No conversation yet';
  $('inbox-state').hidden = !conversation.uid;
  $('inbox-state').textContent = conversation.closed ? 'closed' : 'open';
  $('inbox-state').dataset.status = conversation.closed ? 'closed' : 'open';
}

/** A message as the customer or as the store sees it: one's own stand on the right. */
function bubble({ at, body, direction, from, webchat, sender_name, failure_reason }, seenBy) {
  const who = {
    customer: webchat ? 'on the website' : 'by text',
    agent: 'a person',
    api: sender_name ?? 'robot',
  };
  const isMine = (direction === 'inbound') === (seenBy === 'customer');
  const failed = failure_reason ? ` · failed: ${failure_reason}` : '';
  return { at, body, kind: isMine ? 'mine' : '', label: `${who[from] ?? from} · ${clockTime(at)}${failed}` };
}

function noteItem({ at, body, sender_name }) {
  return { at, body, kind: 'note', label: `note · ${sender_name ?? ''} · ${clockTime(at)}` };
}

function drawThread(id, items) {
  const list = $(id);
  if (list.children.length === items.length && list.dataset.last === items.at(-1)?.at) return;
  list.dataset.last = items.at(-1)?.at ?? '';
  list.replaceChildren(
    ...items.map(({ body, kind, label }) => {
      const item = document.createElement('li');
      const small = document.createElement('small');
      item.className = kind;
      item.textContent = body;
      small.textContent = label;
      item.append(small);
      return item;
    }),
  );
  list.scrollTop = list.scrollHeight;
}

/** Asks the server about the session. */
async function look() {
  const asked = watched;
  if (asked) {
    const query = new URLSearchParams({ phone: asked.phone, location_uid: asked.location });
    const answer = await getJson(`/demo/session?${query}`).catch(() => null);
    if (asked !== watched || !answer) return;
    session = answer;
    seenAt = Date.now();
  }
  const report = session?.session;
  const { live } = report ?? {};
  const status = session?.opted_out ? 'opted out' : (report?.status ?? 'none yet');
  const why = report?.close_reason && status === 'closed' ? ` (${report.close_reason})` : '';
  const badge = $('status').firstElementChild;
  badge.textContent = `${status}${why}`;
  badge.dataset.status = status;
  const next = session?.opted_out
    ? 'nothing: no text may be sent'
    : `${report ? 'the next' : 'a first'} message`;
  $('waiting-for').textContent = live?.waiting_for ?? next;
  $('workflow').hidden = !report || !config.temporalUiUrl;
  if (report)
    $('workflow').href = `${config.temporalUiUrl}/workflows/${encodeURIComponent(report.workflow_id)}`;
  drawClocks();
}

function drawClocks() {
  const live = session?.session?.live;
  const idle = live ? live.idle_seconds + (Date.now() - seenAt) / 1000 : null;
  const isPromptDue = live?.status === 'active';
  $('prompt-in').textContent = live && isPromptDue ? countdown(config.idleWarnSeconds - idle) : '–';
  $('close-in').textContent = live ? countdown(config.idleCloseSeconds - idle) : '–';
}

/* ---- small things ---- */

function onSubmit(id, work) {
  $(id).addEventListener('submit', (event) => {
    event.preventDefault();
    attempt(work);
  });
}

function onClick(id, work) {
  $(id).addEventListener('click', () => attempt(work));
}

/** Whatever goes wrong is said on the page. */
async function attempt(work) {
  try {
    say('');
    await work();
  } catch (error) {
    say(`That did not work: ${error.message}`);
  }
}

async function getJson(url, options) {
  const answer = await fetch(url, options);
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(body.error?.message ?? body.message ?? `${url} answered ${answer.status}`);
  return body;
}

function simulate(path, body) {
  return getJson(`${config.simulatorUrl}/sim${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

function stateOfPhone() {
  return getJson(`${config.simulatorUrl}/sim/state?${new URLSearchParams({ phone: watched.phone })}`);
}

function isWatched({ location_uid }) {
  return location_uid === watched?.location;
}

function byTime(one, other) {
  return Date.parse(one.at) - Date.parse(other.at);
}

/** The text of a field, which is empty then. */
function take(id) {
  const { value } = $(id);
  $(id).value = '';
  return value;
}

function say(text) {
  $('notice').textContent = text;
}

function clockTime(at) {
  return new Date(at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit' });
}

function countdown(seconds) {
  const left = Math.max(0, Math.ceil(seconds));
  return `${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')}`;
}

/**
 * The demo page: the shop's page in a frame, and beside it what phone, agent and operator see. It follows whoever
 * wrote last in the shop's widget, and plays the phone and the agent through the simulator's control API.
 */
import { getJson, simulatorAt } from './calls.js';
import { drawInbox, drawPhone } from './threads.js';

const LOOK_EVERY_MS = 2000;
/** The state comes again with every event, but not more often than this. */
const REDRAW_MS = 150;
/** Numbers that are kept for examples; the last two digits differ from customer to customer. */
const NUMBERS = { AU: '0412 340 1', US: '(415) 555-01' };

const $ = (id) => document.getElementById(id);
const config = await getJson('/demo/config');
const stores = new Map(config.stores.map((store) => [store.uid, store]));
const podium = simulatorAt(config.simulatorUrl);

/** Which store is shown, since when its customer is watched, and the number that is offered to them. */
let view = JSON.parse(sessionStorage.getItem('view') ?? 'null');
/** What the server last said about the customer, and when. */
let watched = { phone: null, session: null, opted_out: false };
let seenAt = 0;

for (const { uid, name, country } of config.stores) addStore(uid, name, country);
$('texts').dataset.empty = 'Replies to the chat arrive here';
$('inbox').dataset.empty = 'Nothing here yet';
if (!stores.has(view?.store)) view = { store: config.stores[0].uid, ...freshCustomer(config.now) };
show(view);
onSubmit('reply', () => writeText(take('reply-text')));
onSubmit('agent', writeAsAgent);
onClick('stop', () => writeText(watched.opted_out ? 'START' : 'STOP'));
onClick('again', deliverAgain);
onClick('other', anotherCustomer);
podium.watch(scheduleLook);
setInterval(look, LOOK_EVERY_MS);
setInterval(drawClocks, 250);

/* ---- store and customer ---- */

function addStore(uid, name, country) {
  const label = document.createElement('label');
  const radio = Object.assign(document.createElement('input'), { type: 'radio', name: 'store', value: uid });
  radio.addEventListener('change', () => show({ ...view, store: uid }));
  label.append(radio, `${name} (${country})`);
  $('stores').append(label);
}

/** A fresh phone, since an opt-out lasts: any but the one of now. */
function freshCustomer(since) {
  const last = (Number(view?.last ?? 0) + 1 + Math.floor(Math.random() * 99)) % 100;
  return { since, last: String(last).padStart(2, '0') };
}

function show(wanted) {
  view = wanted;
  sessionStorage.setItem('view', JSON.stringify(view));
  const { uid, name, country, page } = stores.get(view.store);
  document.querySelector(`input[value="${uid}"]`).checked = true;
  $('number').textContent = NUMBERS[country] + view.last;
  $('address').textContent = `www.example.com${page.replace('/demo', '')}`;
  $('alone').href = page;
  $('phone-head').textContent = name;
  if ($('shop').getAttribute('src') !== page) $('shop').src = page;
  $('shop').title = `The website of ${name}`;
  look();
}

/** Somebody else, in a browser that has never been at these shops. */
async function anotherCustomer() {
  localStorage.clear();
  $('shop').contentWindow.location.reload();
  show({ ...view, ...freshCustomer((await getJson('/demo/config')).now) });
}

/* ---- the phone, the agent, and Podium ---- */

async function writeText(body) {
  await podium.text(watched.phone, view.store, body);
}

async function writeAsAgent() {
  const { uid } = await podium.conversation(watched.phone, view.store);
  await podium.agentWrites(uid, take('agent-text'));
  say('A person has taken over: the robot is quiet now.');
}

async function deliverAgain() {
  const attempts = await podium.deliverAgain(await podium.conversation(watched.phone, view.store));
  const answers = attempts.map(
    ({ status, answer }) => `${status} ${answer ? JSON.parse(answer).status : ''}`,
  );
  say(`The last message, delivered 3 times more at once, was answered: ${answers.join(', ')}.`);
}

/* ---- looking and drawing ---- */

let lookTimer = null;
function scheduleLook() {
  lookTimer ??= setTimeout(() => {
    lookTimer = null;
    look();
  }, REDRAW_MS);
}

/** Asks the server about the customer, and Podium about the conversation. */
async function look() {
  const asked = view;
  const query = new URLSearchParams({ location_uid: asked.store, since: asked.since });
  const answer = await getJson(`/demo/session?${query}`).catch(() => null);
  if (asked !== view || !answer) return;
  const { phone } = answer;
  const conversation = phone && (await podium.conversation(phone, asked.store).catch(() => undefined));
  if (asked !== view) return;
  [watched, seenAt] = [answer, Date.now()];
  drawConversation(conversation || null);
  drawSession();
}

function drawConversation(conversation) {
  const { messages, notes } = conversation ?? { messages: [], notes: [] };
  drawPhone($('texts'), { messages });
  drawInbox($('inbox'), { messages, notes });
  $('inbox-name').textContent = conversation
    ? `${conversation.contact_name ?? 'Customer'} · ${watched.phone}`
    : 'No conversation yet';
  $('inbox-state').hidden = !conversation;
  showBadge($('inbox-state'), conversation?.closed ? 'closed' : 'open');
  for (const control of document.querySelectorAll('#reply > *, #stop')) control.disabled = !watched.phone;
  for (const control of document.querySelectorAll('#agent > *, #again')) control.disabled = !conversation;
  $('stop').textContent = watched.opted_out ? 'Text START' : 'Text STOP';
  $('opted-out').hidden = !watched.opted_out;
}

function drawSession() {
  const { session, opted_out: optedOut } = watched;
  const status = optedOut ? 'opted out' : (session?.status ?? 'none yet');
  const why = session?.close_reason && status === 'closed' ? ` (${session.close_reason})` : '';
  showBadge($('status').firstElementChild, status, why);
  const next = optedOut ? 'nothing: no text may be sent' : `${session ? 'the next' : 'a first'} message`;
  $('waiting-for').textContent = session?.live?.waiting_for ?? next;
  $('workflow').hidden = !session || !config.temporalUiUrl;
  if (session)
    $('workflow').href = `${config.temporalUiUrl}/workflows/${encodeURIComponent(session.workflow_id)}`;
  drawClocks();
}

function drawClocks() {
  const live = watched.session?.live;
  const idle = live ? live.idle_seconds + (Date.now() - seenAt) / 1000 : null;
  const isPromptDue = live?.status === 'active';
  $('prompt-in').textContent = live && isPromptDue ? countdown(config.idleWarnSeconds - idle) : '–';
  $('close-in').textContent = live ? countdown(config.idleCloseSeconds - idle) : '–';
}

function showBadge(badge, status, more = '') {
  badge.textContent = status + more;
  badge.dataset.status = status;
}

function countdown(seconds) {
  const left = Math.max(0, Math.ceil(seconds));
  return `${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')}`;
}

/* ---- forms ---- */

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

/** The text of a field, which is empty then. */
function take(id) {
  const { value } = $(id);
  $(id).value = '';
  return value;
}

function say(text) {
  $('notice').textContent = text;
}

/** Asking the server and the simulator. */

/** The answer's JSON. @throws with what the answer says is wrong */
export async function getJson(url, options) {
  const answer = await fetch(url, options);
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(body.error?.message ?? body.message ?? `${url} answered ${answer.status}`);
  return body;
}

/** The simulator's control API. @param url of the simulator */
export function simulatorAt(url) {
  const post = (path, body) =>
    getJson(`${url}/sim${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  return {
    /** A customer texts. */
    text: (phone, location_uid, body) =>
      post('/customer/messages', { phone, location_uid, body, webchat: false }),
    agentWrites: (conversation_uid, body) => post('/agent/messages', { conversation_uid, body }),
    /** What Podium knows of a phone at a store; undefined when it knows nothing. */
    async conversation(phone, location_uid) {
      const { conversations } = await getJson(`${url}/sim/state?${new URLSearchParams({ phone })}`);
      return conversations.find((conversation) => conversation.location_uid === location_uid);
    },
    /** Delivers the last message of a conversation once more, three times at once. @returns the answers */
    async deliverAgain({ uid }) {
      const { deliveries } = await getJson(`${url}/sim/deliveries`);
      const last = deliveries.findLast(
        ({ event_type, body }) => event_type.endsWith('.received') && body.includes(uid),
      );
      if (!last) throw new Error('Podium has delivered nothing of this customer so far.');
      const again = { times: 3, parallel: true };
      return (await post(`/deliveries/${last.event_uid}/redeliver`, again)).attempts;
    },
    /** Calls back whenever anything changes in Podium. */
    watch(changed) {
      new EventSource(`${url}/sim/events`).onmessage = changed;
    },
  };
}

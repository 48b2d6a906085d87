/**
 * What a session listens to. Handlers note things down and decide nothing; the main loop does the rest.
 * Signals come from people too, as plain JSON: what is no signal of ours is refused, told, and harms nobody.
 */
import {
  ApplicationFailure,
  CancellationScope,
  condition,
  defineQuery,
  defineSignal,
  defineUpdate,
  log,
  setDefaultSignalHandler,
  setHandler,
} from '@temporalio/workflow';
import { FOR_OPERATORS } from '../core/failure-converter';
import {
  CLOSE_UPDATE,
  FORCE_CLOSE_SIGNAL,
  MESSAGE_SIGNAL,
  OPT_OUT_SIGNAL,
  SESSION_QUERY,
  type SessionView,
} from '../core/session';
import { receive, sessionView, wishClose } from '../core/session-state';
import { readMessages, readWish, type Wish } from '../core/signal-input';
import { describe } from './visibility';
import type { Run } from './webchat-session';

const optOutSignal = defineSignal<[unknown]>(OPT_OUT_SIGNAL);
const forceCloseSignal = defineSignal<[unknown]>(FORCE_CLOSE_SIGNAL);
const messageSignal = defineSignal<[unknown]>(MESSAGE_SIGNAL);
const closeUpdate = defineUpdate<SessionView, [unknown]>(CLOSE_UPDATE);
const sessionQuery = defineQuery<SessionView>(SESSION_QUERY);

const CANCELLED: Wish = { actor: 'temporal', reason: 'The workflow was cancelled.', at: null };
const LONGEST_NAME = 64;
const CLOSE_NEEDS = 'A close needs {"actor": "who", "reason": "why"}.';

/** Opt-outs come first: the first task hands out what waits in the order in which handlers are set. */
export function listen(run: Run): void {
  const view = () => sessionView(run.state, run.input, Date.now());
  const refuse = (signal: string) => {
    const last = signal.slice(0, LONGEST_NAME);
    run.state.refusedSignals = { count: run.state.refusedSignals.count + 1, last };
    log.warn('A signal was refused for its shape', { signal: last });
    describe(run.state, run.input);
  };

  setHandler(optOutSignal, (input) => {
    const wish = readWish(input);
    if (wish) run.state.optOuts.push(wish);
    else refuse(OPT_OUT_SIGNAL);
  });

  setHandler(forceCloseSignal, (input) => {
    const wish = readWish(input);
    if (wish) wishClose(run.state, wish);
    else refuse(FORCE_CLOSE_SIGNAL);
  });

  CancellationScope.current().cancelRequested.catch(() => wishClose(run.state, CANCELLED));

  setHandler(messageSignal, (input) => {
    const { messages, complete } = readMessages(input);
    if (!complete) refuse(MESSAGE_SIGNAL);
    if (messages.length > 0) receive(run.state, messages, run.input.policy, Date.now());
  });

  setDefaultSignalHandler(refuse);

  setHandler(
    closeUpdate,
    async (input) => {
      const { closes } = run;
      const wish = readWish(input);
      if (wish && run.state.status !== 'closed') {
        wishClose(run.state, wish);
        await condition(() => run.closes > closes);
      }
      return view();
    },
    {
      validator: (input) => {
        if (!readWish(input)) throw ApplicationFailure.nonRetryable(CLOSE_NEEDS, FOR_OPERATORS);
      },
    },
  );

  setHandler(sessionQuery, view);
}

/** `podium-webchat auth …`: the product's access to Podium. */
import type { Command } from 'commander';
import type { z } from 'zod';
import { oauthClient, PODIUM_NEEDS } from '../../podium/connect';
import { storedTokens } from '../../store/podium-tokens';
import { authorize, NotAuthorized } from '../authorize';
import { showAccess } from '../operations/access';
import { encryptionKeysOf } from '../used-keys';
import { openInBrowser } from './browser';
import { EXIT, type CliContext } from './context';
import { wholeNumber } from './options';
import { WrongUsage } from './usage';

/** A fixed one, since Podium knows the address to which the browser comes back. */
const PORT = 8765;
const PATIENCE_SECONDS = 300;

interface LoginOptions {
  port: number;
  redirectUri?: string;
  timeout: number;
  open: boolean;
}

export function registerAuthCommands(program: Command, context: CliContext): void {
  const auth = program.command('auth').description('access to Podium');
  auth
    .command('status')
    .description('whether Podium accepts our credentials, how old they are, and which scopes are missing')
    .addHelpText(
      'after',
      '\nExit codes: 0 works, 1 refused or a scope is missing, 2 Podium or the database is away.',
    )
    .action(() => status(context));
  auth
    .command('login')
    .description('authorize the application as a user of Podium, and store its tokens')
    .option('--port <port>', 'where the browser comes back to, on 127.0.0.1', wholeNumber, PORT)
    .option(
      '--redirect-uri <uri>',
      'what is registered at Podium instead of http://127.0.0.1:<port>/callback',
    )
    .option('--timeout <seconds>', 'how long to wait for the user', wholeNumber, PATIENCE_SECONDS)
    .option('--no-open', 'open no browser')
    .addHelpText('after', LOGIN_HELP)
    .action((options: LoginOptions) => login(context, options));
}

const LOGIN_HELP = `
Podium may insist on HTTPS for the redirect URI. Then register one of your own, and give it with
--redirect-uri: a proxy or tunnel may lead from there to this machine, or you paste the address at
which the browser ends, whether or not a page appears there.`;

async function status(context: CliContext): Promise<void> {
  const report = await context.perform(showAccess, {});
  const fine = report.works && report.scopes.missing.length === 0;
  const exitCode = report.works === null ? EXIT.unknown : fine ? EXIT.fine : EXIT.notFine;
  context.answer(report, describe(report), exitCode);
}

function describe(report: z.output<typeof showAccess.output>): string {
  const { refresh_token: refresh, access_token: access, scopes, contract } = report;
  const list = (names: string[]): string => names.join(', ') || 'none';
  return [
    report.works ? 'Access to Podium works.' : (report.reason ?? ''),
    ...(report.refused_since ? [`Refused since:  ${report.refused_since}`] : []),
    `Contract:       ${contract}`,
    `Refresh token:  ${refresh.since ? `since ${refresh.since}` : 'PODIUM_REFRESH_TOKEN, if that is set'}`,
    `Access token:   ${access ? `until ${access.expires_at}` : 'none yet'}`,
    `Scopes granted: ${list(scopes.granted)}`,
    ...(scopes.missing.length > 0 ? [`Scopes missing: ${list(scopes.missing)}`] : []),
    ...(scopes.unknown.length > 0 ? [`Not known:      ${list(scopes.unknown)}`] : []),
  ].join('\n');
}

async function login(context: CliContext, options: LoginOptions): Promise<void> {
  if (context.remote)
    throw new WrongUsage('Tokens are stored where the database is reached: log in there, without --url.');
  const environment = context.environment(
    ...(['databaseUrl', 'encryptionKeys', 'podiumAuthorizeUrl', ...PODIUM_NEEDS] as const),
  );
  try {
    const { scopes, access } = await authorize({
      client: oauthClient(environment),
      authorizeUrl: environment.podiumAuthorizeUrl,
      tokens: storedTokens(context.pool, await encryptionKeysOf(context)),
      actor: context.actor,
      port: options.port,
      redirectUri: options.redirectUri ?? null,
      timeoutMs: options.timeout * 1000,
      pasted: context.host.lines,
      onReady: ({ url, redirectUri }) => {
        context.tell(`Podium sends the browser back to ${redirectUri}: register this at your application.`);
        context.tell('Open this page as the user of Podium that the product is to act as:');
        context.tell(`\n  ${url}\n`);
        context.tell(
          'If the browser cannot come back to this machine, paste the address here at which it ends.',
        );
        if (options.open) openInBrowser(url);
      },
    });
    context.answer(
      { authorized: true, scopes, access_token_expires_at: access.expiresAt.toISOString() },
      'Authorized. Every process uses the new tokens from its next call on.',
    );
  } catch (error) {
    if (!(error instanceof NotAuthorized)) throw error;
    const exitCode = error.reason === 'denied' ? EXIT.notFine : EXIT.unknown;
    context.answer({ authorized: false, reason: error.reason }, error.message, exitCode);
  }
}

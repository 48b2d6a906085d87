/** The widget's own scripts, as the build has made and compressed them. They are the same for everybody. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Router from '@koa/router';
import type { Context } from 'koa';
import { HTTP_FAILURES, Refusal } from './errors';

const SCRIPT = /^[\w.-]+\.m?js$/;
/** Suffixes of the compressed forms by their content encoding; the smallest first. */
const ENCODINGS = { br: '.br', gzip: '.gz' } as const;

/** The first scripts keep their names, so a browser asks again soon. */
const FIRST_SCRIPT = 'public, max-age=300';
/** What a hash in the name tells from others never changes. */
const HASHED = 'public, max-age=31536000, immutable';
/** What stands in for one of another release. */
const STAND_IN = 'no-store';

type Encoding = keyof typeof ENCODINGS | 'identity';
type Script = { etag: string; cacheControl: string; forms: Partial<Record<Encoding, Buffer>> };

/** @param folder of the build: the first scripts, and `assets` with those that come later */
export function assetRoutes(folder: string): Router {
  const scripts = new Map([
    ...readScripts(folder, '', FIRST_SCRIPT),
    ...readScripts(folder, 'assets', HASHED),
  ]);
  const serve = (ctx: Context, name: string) => {
    const script = scripts.get(name) ?? withAnyHash(name);
    if (!script) throw new Refusal(404, HTTP_FAILURES.notFound, { 'Cache-Control': 'no-store' });
    answer(ctx, script);
  };
  /** A page keeps its first script for long, and asks for the others by the names of its own release. */
  const withAnyHash = (name: string): Script | undefined => {
    const unhashed = withoutHash(name);
    const [, script] = [...scripts].find(([each]) => withoutHash(each) === unhashed) ?? [];
    return unhashed === name ? undefined : script && { ...script, cacheControl: STAND_IN };
  };
  return new Router().get(['/widget/:name.js', '/widget/:name.mjs', '/widget/assets/:name.js'], (ctx) =>
    serve(ctx, ctx.path.slice('/widget/'.length)),
  );
}

const withoutHash = (name: string) => name.replace(/^(assets\/[\w-]+)-[A-Za-z0-9]+\.js$/, '$1');

function readScripts(folder: string, under: string, cacheControl: string): [string, Script][] {
  const directory = join(folder, under);
  const names = existsSync(directory) ? readdirSync(directory).filter((name) => SCRIPT.test(name)) : [];
  return names.map((name) => {
    const path = join(directory, name);
    const identity = readFileSync(path);
    const forms: Script['forms'] = { identity };
    for (const [encoding, suffix] of Object.entries(ENCODINGS))
      if (existsSync(path + suffix)) forms[encoding as Encoding] = readFileSync(path + suffix);
    const etag = createHash('sha256').update(identity).digest('base64url').slice(0, 22);
    return [under ? `${under}/${name}` : name, { etag, cacheControl, forms }];
  });
}

function answer(ctx: Context, { etag, cacheControl, forms }: Script): void {
  const packed = (Object.keys(ENCODINGS) as (keyof typeof ENCODINGS)[]).find(
    (each) => forms[each] && ctx.acceptsEncodings(each) === each,
  );
  const encoding = packed ?? 'identity';
  ctx.status = 200;
  ctx.set({
    'Content-Type': 'text/javascript; charset=utf-8',
    'Cache-Control': cacheControl,
    'Access-Control-Allow-Origin': '*',
    'Cross-Origin-Resource-Policy': 'cross-origin',
    'X-Content-Type-Options': 'nosniff',
  });
  ctx.vary('Accept-Encoding');
  ctx.etag = `${etag}-${encoding}`; // each form has its own
  if (ctx.fresh) return void (ctx.status = 304);
  if (encoding !== 'identity') ctx.set('Content-Encoding', encoding);
  ctx.body = forms[encoding]!;
  ctx.type = 'text/javascript; charset=utf-8';
}

/** Pages of a shop, made up for a test and served under an address of ours. */
import type { BrowserContext, Page } from 'playwright-core';

export interface ShopPage {
  /** Of the page; any address will do. */
  url: string;
  /** In the `<head>` and the `<body>`. */
  head?: string;
  body?: string;
  /** Attributes of the `<html>` element, `lang="en"` without. */
  html?: string;
  policy?: string;
}

/** Opens a page that no server has, in somebody's browser. */
export async function openShopPage(
  visitor: BrowserContext,
  { url, head = '', body = '', html = 'lang="en"', policy }: ShopPage,
): Promise<Page> {
  const page = await visitor.newPage();
  await page.route(url, (route) =>
    route.fulfill({
      contentType: 'text/html; charset=utf-8',
      headers: policy === undefined ? {} : { 'content-security-policy': policy },
      body: `<!doctype html><html ${html}><head><title>A shop</title><link rel="icon" href="data:,">${head}</head><body><main><h1>A shop</h1>${body}</main></body></html>`,
    }),
  );
  await page.goto(url);
  return page;
}

/** The one line that brings the widget into a page. @param attributes as `data-location-uid="…"` */
export function embed(server: string, attributes: string): string {
  return `<script src="${server}/widget/podium-webchat.js" ${attributes} defer></script>`;
}

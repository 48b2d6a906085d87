/** Styles in a shadow root, without a `style` element or attribute: a strict Content-Security-Policy allows no others. */

/** Shared by all elements of the page. */
const sheets = new Map<string, CSSStyleSheet>();

/** Once for each root, however often it is called. */
export function adoptStyles(root: ShadowRoot, css: string): void {
  const sheet = sheets.get(css) ?? new CSSStyleSheet();
  if (!sheets.has(css)) sheet.replaceSync(css);
  sheets.set(css, sheet);
  if (!root.adoptedStyleSheets.includes(sheet)) root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
}

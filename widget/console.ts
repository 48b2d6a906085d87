/** What the page's developer is told, in the browser's console. */
export function complain(problem: string): void {
  // eslint-disable-next-line no-console -- a developer looks there, and a customer does not
  console.error(`<podium-webchat>: ${problem}`);
}

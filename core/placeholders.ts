/** The names in braces of a text, as `store` of `{store}`: each is replaced by what it names. */
export function placeholdersOf(text: string): string[] {
  return [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!);
}

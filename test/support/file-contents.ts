/** Contents of files, true to their first bytes. */

/** What a file of each kind begins with. */
export const BEGINNINGS = {
  png: Buffer.from(
    '89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000a49444154',
    'hex',
  ),
  jpeg: Buffer.from('ffd8ffe000104a46494600', 'hex'),
  pdf: Buffer.from('%PDF-1.4\n'),
  exe: Buffer.from('4d5a900003000000040000', 'hex'),
};

/** So many bytes that begin as such a file does. */
export function contentOf(kind: keyof typeof BEGINNINGS, size: number): Buffer {
  const content = Buffer.alloc(size, 'x');
  BEGINNINGS[kind].copy(content);
  return content;
}

/** What is wrong with a file that was chosen, told before a byte of it leaves the browser. */
import type { WidgetConfig } from './config';

export type FileProblem = 'file_empty' | 'file_too_large' | 'file_wrong_type';

type FileLimits = Pick<WidgetConfig['limits'], 'max_file_bytes' | 'file_types'>;

/** Other names that browsers and systems have for types. */
const ALIASES: Record<string, string> = {
  'image/jpg': 'image/jpeg',
  'audio/mp3': 'audio/mpeg',
  'audio/mp4': 'audio/x-m4a',
  'audio/m4a': 'audio/x-m4a',
};

/** Of endings for which a browser often knows no type. */
const TYPES_OF_ENDINGS: Record<string, string> = {
  heic: 'image/heic',
  heif: 'image/heif',
  mov: 'video/quicktime',
  '3gp': 'video/3gpp',
  m4a: 'audio/x-m4a',
  amr: 'audio/amr',
};

/** Null for a file that may be sent. The server looks at its first bytes as well. */
export function fileProblem(
  file: Pick<File, 'name' | 'size' | 'type'>,
  limits: FileLimits,
): FileProblem | null {
  if (file.size > limits.max_file_bytes) return 'file_too_large';
  if (file.size === 0) return 'file_empty';
  return limits.file_types.includes(typeOf(file)) ? null : 'file_wrong_type';
}

function typeOf({ name, type }: Pick<File, 'name' | 'type'>): string {
  const known = type.toLowerCase() || (TYPES_OF_ENDINGS[name.toLowerCase().split('.').pop()!] ?? '');
  return ALIASES[known] ?? known;
}

const UNITS = ['byte', 'kilobyte', 'megabyte'] as const;

/** As 25 MB, counted in steps of 1,024, and rounded up: what is above a limit never looks like the limit. */
export function shownSize(bytes: number, language: string): string {
  const step = bytes < 1024 ? 0 : bytes < 1024 ** 2 ? 1 : 2;
  const value = Math.ceil((bytes / 1024 ** step) * 10) / 10;
  const style = { style: 'unit', unit: UNITS[step], maximumFractionDigits: 1 } as const;
  return new Intl.NumberFormat(language, style).format(value);
}

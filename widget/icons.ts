/** Icons as paths of SVG in a box of 24 by 24, drawn with lines. */
export const ICONS = {
  chat: 'M21 12a8 8 0 0 1-8 8H4l1.6-3.2A8 8 0 1 1 21 12Z M8.5 12h.01 M12.5 12h.01 M16.5 12h.01',
  close: 'M6 6l12 12 M18 6 6 18',
  send: 'M12 19V5 M6 11l6-6 6 6',
  attach:
    'M20 11.5l-8.2 8.2a5 5 0 0 1-7-7l8.6-8.6a3.3 3.3 0 0 1 4.7 4.7l-8.4 8.4a1.6 1.6 0 0 1-2.3-2.3l7.6-7.6',
  camera: 'M4 8h3l2-3h6l2 3h3v11H4Z M12 16.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7Z',
  file: 'M6 3h8l4 4v14H6Z M14 3v4h4',
  alert: 'M12 3 2.5 20h19Z M12 10v4 M12 17h.01',
  clock: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Z M12 7v5l3 2',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  down: 'M6 9.5l6 6 6-6',
} as const;

export type IconName = keyof typeof ICONS;

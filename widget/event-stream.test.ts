import { EventStreamParser, type StreamEvent } from './event-stream';

const STREAM = [
  ': hello',
  'event: state',
  'data: {"open":true}',
  '',
  'id: 7',
  'event: reply',
  'data: {"text":"Grüße",',
  'data: "at":"now"}',
  '',
  ': a heartbeat',
  '',
  'data:without a blank',
  'retry: 1000',
  '',
  'event: of nothing',
  '',
  'data',
  '',
  'data: not complete',
].join('\n');

const EVENTS: StreamEvent[] = [
  { type: 'state', data: '{"open":true}', id: null },
  { type: 'reply', data: '{"text":"Grüße",\n"at":"now"}', id: '7' },
  { type: 'message', data: 'without a blank', id: '7' },
  { type: 'message', data: '', id: '7' },
];

function eventsOf(pieces: string[]): StreamEvent[] {
  const parser = new EventStreamParser();
  return pieces.flatMap((piece) => parser.push(piece));
}

describe.each([
  ['LF', STREAM],
  ['CRLF', STREAM.replaceAll('\n', '\r\n')],
  ['CR', STREAM.replaceAll('\n', '\r')],
])('a stream whose lines end with %s', (_, stream) => {
  test('gives its events, and none that is not complete', () => {
    expect(eventsOf([stream])).toEqual(EVENTS);
  });

  test('gives the same wherever it is cut', () => {
    for (let at = 0; at <= stream.length; at++) {
      expect(eventsOf([stream.slice(0, at), stream.slice(at)])).toEqual(EVENTS);
    }
    expect(eventsOf([...stream])).toEqual(EVENTS);
  });
});

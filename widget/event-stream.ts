/** Reads server-sent events out of a stream's text, in whatever pieces it comes. */

export interface StreamEvent {
  /** As `reply`. */
  type: string;
  data: string;
  /** Of the event, or of the last one that had one; null before. */
  id: string | null;
}

export class EventStreamParser {
  private rest = '';
  private type = '';
  private data: string[] = [];
  private id: string | null = null;

  /** @returns the events that are complete with this piece */
  push(piece: string): StreamEvent[] {
    const text = this.rest + piece;
    // A CR at the end may be half of a CRLF.
    const end = text.endsWith('\r') ? text.length - 1 : text.length;
    const lines = text.slice(0, end).split(/\r\n|\r|\n/);
    this.rest = lines.pop()! + text.slice(end);
    return lines.flatMap((line) => this.readLine(line));
  }

  private readLine(line: string): StreamEvent[] {
    if (line === '') return this.finish();
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') this.type = value;
    else if (field === 'data') this.data.push(value);
    else if (field === 'id' && !value.includes('\0')) this.id = value;
    return [];
  }

  private finish(): StreamEvent[] {
    const { type, data, id } = this;
    this.type = '';
    this.data = [];
    return data.length === 0 ? [] : [{ type: type || 'message', data: data.join('\n'), id }];
  }
}

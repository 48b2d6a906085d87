/** The widget as a customer uses it: by what is written on it and read out, never by its insides. */
import type { Locator, Page } from 'playwright-core';
import { WIDGET_TEXTS, type WidgetLanguage } from '../../core/widget-texts';
import { eventually } from './eventually';

export interface Writing {
  name?: string;
  /** As it is typed; the field is left as it is without. */
  phone?: string;
  message?: string;
}

/** A file as Playwright puts it into a field. */
export interface GivenFile {
  name: string;
  mimeType: string;
  buffer: Buffer;
}

export class Widget {
  readonly launcher: Locator;
  readonly panel: Locator;
  /** What was said so far, the customer's and the store's. */
  readonly log: Locator;
  private readonly texts;

  /** @param page or the frame that it is in */
  constructor(
    readonly page: Page | ReturnType<Page['frameLocator']>,
    language: WidgetLanguage = 'en',
  ) {
    this.texts = WIDGET_TEXTS[language];
    this.launcher = page.getByRole('button', { name: this.texts.launcher });
    this.panel = page.getByRole('dialog', { name: this.texts.title.split('{')[0]!.trim() });
    this.log = this.panel.getByRole('log');
  }

  /** Opens it, and waits until it is there and has the focus, which comes a moment later. */
  async open(): Promise<this> {
    await this.launcher.click();
    await this.panel.waitFor();
    await this.panel.locator(':focus').waitFor();
    return this;
  }

  field(key: 'name_label' | 'phone_label' | 'message_label'): Locator {
    const label = new RegExp(`^${this.texts[key]}( \\(${this.texts.optional}\\))?$`);
    return this.panel.getByRole('textbox', { name: label });
  }

  get country(): Locator {
    return this.panel.getByRole('combobox', { name: this.texts.country_label });
  }

  button(key: keyof typeof WIDGET_TEXTS.en): Locator {
    return this.panel.getByRole('button', { name: this.texts[key].split('{')[0]!.trim() });
  }

  /** What is read out with a field because something is wrong with it, once something is: the phone rules may have to come first. */
  async errorAt(key: 'name_label' | 'phone_label' | 'message_label'): Promise<string> {
    const field = this.field(key);
    await field.and(this.page.locator('[aria-invalid=true]')).waitFor();
    const ids = ((await field.getAttribute('aria-describedby')) ?? '').split(' ');
    return this.panel.locator(`#${ids.find((id) => id.endsWith('-error'))}`).innerText();
  }

  async write({ name, phone, message }: Writing): Promise<void> {
    if (name !== undefined) await this.field('name_label').fill(name);
    if (phone !== undefined) await this.field('phone_label').fill(phone);
    if (message !== undefined) await this.field('message_label').fill(message);
  }

  /** Until the phone's field reads so: it is formatted while it is typed, once the phone rules have arrived. */
  async phoneReads(formatted: string): Promise<void> {
    await eventually(`the phone to read ${formatted}`, async () => {
      return (await this.field('phone_label').inputValue()) === formatted;
    });
  }

  /** Writes and sends, up to where the number is asked back. */
  async submit(writing: Writing = {}): Promise<void> {
    await this.write(writing);
    await this.button('send').click();
  }

  /** The number that is asked back. */
  question(): Promise<string> {
    return this.panel.getByRole('heading', { level: 3 }).innerText();
  }

  /** The first message of a chat, with the number confirmed. */
  async begin(writing: Writing): Promise<void> {
    await this.submit(writing);
    await this.panel.getByRole('heading', { name: '+' }).waitFor();
    await this.button('send').click();
    await this.log.waitFor();
  }

  /** One more message of a chat that has begun. */
  async add(message: string): Promise<void> {
    await this.submit({ message });
  }

  /** Waits until so many of the customer's own messages have been taken by the server. */
  async hasSent(count: number): Promise<void> {
    const { sent } = this.texts;
    await this.log
      .getByText(new RegExp(`· ${sent}$`))
      .nth(count - 1)
      .waitFor();
  }

  async attach(...files: GivenFile[]): Promise<void> {
    await this.panel.locator('input[type=file]').first().setInputFiles(files);
  }
}

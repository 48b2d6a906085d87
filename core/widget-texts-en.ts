/** What the widget says in English. Its keys are those of all languages, and its names in braces those of each key. */
export const ENGLISH_TEXTS = {
  // The button on the page, and the panel's frame.
  launcher: 'Message us',
  launcher_new: 'Message us. New replies: {count}',
  title: 'Message {store}',
  intro: 'Write to us here. The conversation goes on by text message, so you can leave this page.',
  close: 'Close chat',
  loading: 'Loading…',
  unavailable: 'Chat is not available',

  // The form.
  name_label: 'Name',
  phone_label: 'Mobile number',
  phone_hint: 'We reply to this number by text message.',
  phone_hint_international: 'Start with + and the country code, for example +61.',
  country_label: 'Country',
  country_other: 'Another country',
  message_label: 'Message',
  message_left: 'Characters left: {count}',
  optional: 'optional',
  send: 'Send',

  // What is wrong with it, at its field.
  errors_heading: 'Please check these before sending:',
  name_too_long: 'Please shorten the name to {limit} characters.',
  phone_missing: 'Please enter your mobile number.',
  phone_invalid: 'This is not a phone number we can use. Please check it for a missing or extra digit.',
  phone_needs_country: 'Please start the number with + and the country code.',
  phone_extension: 'Please leave out the extension. A text message cannot reach it.',
  message_missing: 'Please write a message or attach a file.',
  message_too_long: 'Please shorten the message to {limit} characters.',

  // The number, asked back.
  phone_confirm: 'We’ll text you at {phone}.',
  phone_change: 'Change number',
  phone_landline:
    '{phone} looks like a landline. Our replies come by text message. Can this number receive texts?',
  phone_no_texts:
    '{phone} is a kind of number that usually cannot receive texts. Do you have a mobile number?',
  phone_use: 'Yes, use this number',
  phone_use_another: 'Enter another number',
  phone_unchecked: 'The number could not be checked just now. Are you online? Please try again.',

  // Files.
  attach: 'Attach a file',
  camera: 'Take a photo',
  drop_here: 'Drop files here',
  files_label: 'Attached files',
  file_too_large: '{name} is {size}. A file can be up to {limit}. Please choose a smaller one.',
  file_wrong_type: '{name} is not a type of file we can take. A photo, a video or a PDF works.',
  file_empty: '{name} is empty. Please choose another file.',
  files_too_many: 'You can attach up to {limit} files. Please remove one first.',
  file_progress: 'Uploading {name}: {percent}%',
  file_failed: '{name} could not be uploaded.',
  file_cancel: 'Cancel uploading {name}',
  file_retry: 'Upload {name} again',
  file_remove: 'Remove {name}',
  file_lost: '{name} is no longer here. Please choose it again.',

  // What becomes of a message.
  sending: 'Sending…',
  queued: 'You are offline. This will be sent as soon as you are back online.',
  sent: 'Sent',
  not_sent: 'Not sent',
  retry: 'Try again',
  discard: 'Delete',
  failed: 'Something went wrong on our side. Nothing you wrote is lost. Please try again.',
  rate_limited: 'That was a lot in a short time. We will try again in {seconds} seconds.',
  offline: 'You are offline.',

  // The conversation.
  replies_label: 'Conversation',
  by_text: 'We’ll reply by text message to {phone}. While this page is open, replies show here too.',
  you: 'You',
  from_robot: 'Automated reply',
  from_person: '{name}, {store}',
  from_store: '{store}',
  reply_private: 'We sent you a text message with the details.',
  reply_file: 'We sent a file to your phone.',
  ended: 'This conversation has ended. Write again whenever you like.',
  opted_out:
    'We do not text {phone}, because we were asked to stop. We have your message, but cannot reply to it by text. To get texts again, send START from that phone as a reply to our last text.',
  today: 'Today',
  yesterday: 'Yesterday',

  // On a computer that others use, too.
  forget: 'Forget this chat',
  forget_question: 'Delete this chat from this browser? The store keeps what it has received.',
  forget_yes: 'Yes, delete it',
  forget_no: 'Keep it',
} as const;

/** What a contact is called whose name nobody has told. */
export const NAMELESS = 'Website visitor';

/** A text with the phone in it: bold, in one piece, and from left to right in every language. */
export function WithPhone({ text, phone }: { text: string; phone: string }) {
  const [before, after] = text.split('{phone}');
  if (after === undefined) return <>{text}</>;
  return (
    <>
      {before}
      <bdi class="number" dir="ltr">
        {phone}
      </bdi>
      {after}
    </>
  );
}

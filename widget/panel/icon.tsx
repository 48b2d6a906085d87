/** An icon beside words, or in a button that is named otherwise. */
import { ICONS, type IconName } from '../icons';

export function Icon({ name }: { name: IconName }) {
  return (
    <svg viewBox="0 0 24 24" aria-hidden="true">
      <path d={ICONS[name]} />
    </svg>
  );
}

/** The words that are wishes by the shipped settings. */
import { loadSettings } from '../../config/load';
import { wordsByCountry } from '../../core/wish-words';

export const shippedWords = wordsByCountry(loadSettings().optout);

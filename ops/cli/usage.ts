/** A command that is called in a way that it does not take. */
import type { Failure } from '../../core/events';
import { OperationRefused } from '../operation';

export const wrongUsage = (message: string): Failure => ({
  code: 'ERR_OPS_USAGE',
  message,
  hint: 'Add --help to see how it is called.',
});

/** For what the argument library cannot tell by itself. */
export class WrongUsage extends OperationRefused {
  constructor(message: string) {
    super('wrong_input', wrongUsage(message));
  }
}

import { reconciliationIsWell } from './reconciliation-health';

const MINUTE = 60;
const wellAfter = (seconds: number, intervalSeconds: number) =>
  reconciliationIsWell(async () => ({ lastRunAt: new Date(Date.now() - seconds * 1000) }), intervalSeconds);

it('is well while looks come to their end, however long one takes with many locations', async () => {
  await wellAfter(MINUTE, 10 * MINUTE);
  await wellAfter(110 * MINUTE, 10 * MINUTE);
  await wellAfter(170 * MINUTE, 60 * MINUTE);
});

it('is not known before the first look, nor when looks are missing', async () => {
  await expect(reconciliationIsWell(async () => ({ lastRunAt: null }), MINUTE)).rejects.toThrow(
    'not looked yet',
  );
  await expect(wellAfter(130 * MINUTE, 10 * MINUTE)).rejects.toThrow(/no look has ended since .*workflow/);
  await expect(wellAfter(190 * MINUTE, 60 * MINUTE)).rejects.toThrow('no look has ended since');
});

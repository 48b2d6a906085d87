import Router from '@koa/router';
import type { Parts } from '../parts';
import type { Location, World } from '../world';
import { notFound } from './errors';
import { one, page } from './paging';

/** `/v4/locations`. The skill contract has one call for all; the published one pages. */
export function locationRoutes({ world, settings }: Parts): Router {
  return new Router({ prefix: '/v4/locations' })
    .get('/', (ctx) => {
      const all = [...world.locations.values()];
      const show = (location: Location) => publishedLocation(world, location);
      ctx.body = settings.contract === 'skill' ? { data: all.map(show) } : page(ctx, all, show);
    })
    .get('/:uid', (ctx) => {
      const location = world.locations.get(ctx.params.uid ?? '');
      if (!location) throw notFound('Location');
      ctx.body = one(ctx, publishedLocation(world, location));
    });
}

/** Schema `location` of `accounts.json`. */
function publishedLocation(world: World, location: Location) {
  return {
    address: null,
    addressDetails: {
      city: null,
      country: location.country,
      countryLongName: null,
      houseNumber: null,
      postalCode: null,
      road: null,
      state: null,
      stateLongName: null,
      unit: null,
    },
    archived: location.archived,
    archivedAt: location.archived ? location.updatedAt : null,
    createdAt: location.createdAt,
    displayName: location.name,
    name: location.name,
    organizationUid: world.organizationUid,
    phoneNumber: location.podiumPhoneNumber,
    podiumPhoneNumber: location.podiumPhoneNumber,
    uid: location.uid,
    updatedAt: location.updatedAt,
  };
}

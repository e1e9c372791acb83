/** The dial plan to begin with, held against the numbers that libphonenumber knows. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { getCountries, getExampleNumber, isSupportedCountry, parsePhoneNumber } from 'libphonenumber-js/max';
import examples from 'libphonenumber-js/mobile/examples';
import { northAmericanPlan } from '../../../src/cli/plan.ts';
import { normalise } from '../../../src/routing/normalise.ts';
import { directoryOf, siteOf } from '../../support/sites.ts';

const directory = directoryOf(siteOf(northAmericanPlan({ country: 'US', area: '425', extensions: 4 })));
const rules = directory.profile('branch') ?? [];

const numbers = getCountries()
  .filter((country) => isSupportedCountry(country))
  .flatMap((country) => getExampleNumber(country, examples) ?? []);

test('libphonenumber’s example numbers of the North American plan normalise to its E.164, however they are dialled', () => {
  const american = numbers.filter(({ countryCallingCode }) => countryCallingCode === '1');
  assert.ok(american.length >= 20);
  for (const { number, nationalNumber, country } of american) {
    for (const dialled of [nationalNumber, `1${nationalNumber}`, `9${nationalNumber}`, `91${nationalNumber}`]) {
      assert.equal(normalise(rules, dialled)?.number, number, `${country}: ${dialled}`);
    }
    assert.equal(parsePhoneNumber(`1${nationalNumber}`, 'US').number, number);
  }
});

test('so do those of the rest of the world behind 011', () => {
  const others = numbers.filter(({ countryCallingCode }) => countryCallingCode !== '1');
  assert.ok(others.length >= 200);
  for (const { number, country } of others) {
    for (const dialled of [`011${number.slice(1)}`, `9011${number.slice(1)}`]) {
      assert.equal(normalise(rules, dialled)?.number, number, `${country}: ${dialled}`);
    }
    assert.equal(parsePhoneNumber(`011${number.slice(1)}`, 'US').number, number);
    assert.ok(
      directory.routesFor(number).some(({ id }) => id === 'international'),
      `${country}: ${number}`,
    );
  }
});

test('every number of the North American plan has a route, and only the premium ones another', () => {
  const routes = (number: string) => directory.routesFor(number).map(({ id }) => id);
  for (const { number, countryCallingCode } of numbers) {
    if (countryCallingCode === '1') assert.ok(routes(number).includes('national'), number);
  }
  assert.deepEqual(routes('+14255559876'), ['local', 'national']);
  assert.deepEqual(routes('+18005550100'), ['toll-free', 'national']);
  assert.deepEqual(routes('+19005550100'), ['premium']);
  assert.deepEqual(routes('+12129765550'), ['premium']);
  assert.deepEqual(routes('988'), ['services']);
});

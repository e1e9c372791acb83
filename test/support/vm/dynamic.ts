/** Spans without a card that DAHDI makes and destroys while it runs, in pairs that are looped to each other (dahdi_dynamic_loc). */
import type { Native } from '../../../src/native/native.ts';
import { REQUEST, SIZE } from '../../../src/span/dahdi/abi.ts';

/** Of struct dahdi_dynamic_span. */
const AT = { driver: 0, address: 20, channels: 60, span: 68 };

function order(native: Native, request: number, address: string, channels: number, number: number): void {
  const control = native.deviceOpen('/dev/dahdi/ctl');
  if (!control.ok) throw new Error(control.error.code);
  const span = new Uint8Array(SIZE.dynamic);
  const view = new DataView(span.buffer);
  span.set(new TextEncoder().encode('loc'), AT.driver);
  span.set(new TextEncoder().encode(address), AT.address);
  view.setInt32(AT.channels, channels, true);
  view.setInt32(AT.span, number, true);
  const done = native.deviceControl(control.value, request, span);
  native.close(control.value);
  if (!done.ok) throw new Error(`${address}: ${done.error.code}`);
}

/** Makes the span `address` (`1:0`, whose peer is `1:1`); the driver gives it the lowest number that is free. */
export const createSpan = (native: Native, address: string, channels = 24): void =>
  order(native, REQUEST.dynamicCreate, address, channels, 0);

/** Destroys it; refused while somebody has one of its channels open. */
export const destroySpan = (native: Native, address: string, number: number): void =>
  order(native, REQUEST.dynamicDestroy, address, 24, number);

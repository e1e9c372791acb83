/** SERVICE that means a D-channel: which of two carries the calls (TR 41459, SR-4994). It goes on that D-channel's own link. */
import type { SaidElement } from './element.ts';
import { channelIdentification } from './ie/channel.ts';
import { element, first } from './ie/codec.ts';
import { changeStatus } from './ie/simple.ts';
import { CALL_CONTROL, parseMessage, printMessage } from './message.ts';
import { MAINTENANCE_TYPES } from './message-table.ts';
import type { Variant } from './variants.ts';

const IN_SERVICE = 0;

export interface DService {
  /** It is a SERVICE ACKNOWLEDGE; `answer` is empty then. */
  readonly acknowledges: boolean;
  readonly inService: boolean;
  /** The interface whose D-channel is meant; undefined: the one that it came on. */
  readonly interface: number | undefined;
  /** What acknowledges it. */
  readonly answer: Uint8Array | undefined;
}

/** Undefined: any other message. */
export function readDService(data: Uint8Array, at: number, variant: Variant): DService | undefined {
  if (data[at] === CALL_CONTROL) return undefined;
  const message = parseMessage(data, at);
  if (!message.ok || message.value.reference === undefined) return undefined;
  const { discriminator, reference, type, elements } = message.value;
  const types = MAINTENANCE_TYPES[discriminator];
  const named = first(elements, channelIdentification);
  const known = types !== undefined && (type === types.service || type === types.acknowledge);
  if (!known || named?.dChannel !== true) return undefined;
  const acknowledges = type === types.acknowledge;
  const back = { value: reference.value, fromOriginator: !reference.fromOriginator };
  return {
    acknowledges,
    inService: (first(elements, changeStatus) ?? IN_SERVICE) === IN_SERVICE,
    interface: named.interface,
    answer: acknowledges
      ? undefined
      : printMessage(
          { discriminator, reference: back, type: types.acknowledge, elements },
          variant.callReferenceLength,
        ),
  };
}

/** SERVICE, in service, for an interface's D-channel; undefined where the variant has none. */
export function printDService(variant: Variant, face: number): Uint8Array | undefined {
  const { maintenance } = variant;
  const types = maintenance === undefined ? undefined : MAINTENANCE_TYPES[maintenance];
  if (maintenance === undefined || types === undefined) return undefined;
  const elements: readonly SaidElement[] = [
    element(changeStatus, IN_SERVICE),
    element(channelIdentification, {
      interface: face,
      exclusive: true,
      slots: 'none',
      coding: 'number',
      dChannel: true,
    }),
  ];
  const reference = { value: 0, fromOriginator: true };
  return printMessage(
    { discriminator: maintenance, reference, type: types.service, elements },
    variant.callReferenceLength,
  );
}

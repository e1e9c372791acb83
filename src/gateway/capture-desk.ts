/** Captures of D-channels as an operator makes them. */
import type { CaptureDesk } from '../console/capture-routes.ts';
import type { CaptureView } from '../console/views.ts';
import type { Clock, WallTime } from '../kernel/time.ts';
import type { Gateway } from './gateway.ts';
import { iso } from './iso.ts';

export function captureDesk({ recorder, spans }: Gateway, clock: Clock): CaptureDesk {
  const state = (): CaptureView | undefined => {
    const found = recorder.state(clock.wall());
    return found === undefined ? undefined : { ...found, until: iso(found.until) };
  };
  return {
    begin(wanted, seconds) {
      const known = spans.all.flatMap(({ setting, dChannel }) => (dChannel.exists ? [setting.id] : []));
      const odd = wanted?.find((id) => !known.includes(id));
      if (odd !== undefined) return { type: 'refused', why: `there is no D-channel on a span ${odd}` };
      recorder.begin(wanted ?? known, (clock.wall() + 1000 * seconds) as WallTime);
      return { type: 'done', capture: state() };
    },
    end() {
      recorder.end();
      return { type: 'done', capture: state() };
    },
    state,
    file: () => recorder.file(),
  };
}

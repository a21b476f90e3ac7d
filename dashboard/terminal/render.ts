import { type FooterView, footerLines } from './footer.ts';
import { historyLines } from './history.ts';
import type { State } from './state.ts';
import { type Paint, painter } from './text.ts';

/** `columns` is the width of the terminal; narrower than 20 it is drawn as for 20. */
export type FrameView = FooterView & { readonly colour: boolean };

/** Below this nothing legible remains. */
export const COLUMNS_MIN = 20;

/** What a person would see, all at once: the kept history, then the footer. Pure. */
export function renderFrame(state: State, view: FrameView): string[] {
  const paint = painter(view.colour);
  const columns = Math.max(view.columns, COLUMNS_MIN);
  return [...renderHistory(state, columns, paint), ...footerLines(state, { ...view, columns }, paint)];
}

/** The lines of the newest `count` entries of the history. */
export function renderHistory(state: State, columns: number, paint: Paint, count = state.rows.length): string[] {
  return state.rows.slice(Math.max(0, state.rows.length - count)).flatMap((row) => historyLines(row, columns, paint));
}

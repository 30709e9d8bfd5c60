/** A test of the lab did not see what it must see. */
export class LabFailure extends Error {
  override readonly name = 'LabFailure';
}

export function expect(condition: boolean, text: string): asserts condition {
  if (!condition) throw new LabFailure(text);
}

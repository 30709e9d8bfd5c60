/** JSON as bytes: how states and results are kept unless their owner says otherwise. */

/** `undefined`, for which JSON has no word, is no bytes. */
export const toJson = (value: unknown): Uint8Array =>
  new TextEncoder().encode(value === undefined ? '' : JSON.stringify(value));

export function fromJson<Value>(bytes: Uint8Array): Value {
  const text = new TextDecoder().decode(bytes);
  return (text === '' ? undefined : JSON.parse(text)) as Value;
}

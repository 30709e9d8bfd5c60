/** Whose fault it is that an evaluation ended. */

/** The specification asks for what has no value. TLC stops there too, and says so. */
export class EvaluationError extends Error {
  override readonly name = 'EvaluationError';
}

/** This reader of TLA+ cannot: nothing is said about the specification or the trace. */
export class UnsupportedError extends Error {
  override readonly name = 'UnsupportedError';
}

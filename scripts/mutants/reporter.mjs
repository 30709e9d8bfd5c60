/** For node:test: one line of JSON for each test at the top of a file, behind a mark of its own. */

export const MARK = 'quorate-test ';

export default async function* report(source) {
  for await (const { type, data } of source) {
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    if (data.nesting > 0) continue;
    const { name, skip, details } = data;
    const outcome = type === 'test:fail' ? 'failed' : skip === undefined ? 'passed' : 'skipped';
    yield told(name, outcome, details.error);
  }
}

/** One line that trial.mjs reads. */
export function told(name, outcome, error) {
  return `${MARK}${JSON.stringify({ name, outcome, ...causeOf(error) })}\n`;
}

/** What was thrown: node:test and fast-check wrap it. */
function causeOf(error) {
  let cause = error;
  while (cause?.cause instanceof Error) cause = cause.cause;
  // A cause that is no Error: node:test says what failed in words only.
  const { name, code, message } = cause ?? {};
  return cause && { thrown: name, code, message: String(message) };
}

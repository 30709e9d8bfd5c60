/** Just enough of TypeScript's grammar to look at a source without comments and strings. */

const COMMENT_OR_STRING =
  /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\[\s\S]|[^`\\])*`/g;

/** The code alone: comments and strings blanked, what stands in a template's `${ }` kept. */
export function codeOf(source) {
  return source.replace(COMMENT_OR_STRING, (text) => {
    if (text.startsWith('/')) return ' ';
    if (!text.startsWith('`')) return "''";
    return [...text.matchAll(/\$\{([^}]*)\}/g)].map(([, inner]) => ` ${inner} `).join(';');
  });
}

/**
 * Every module that a source names: in `import … from`, `export … from`, `import '…'` and
 * `import('…')`. A type-only import leaves no trace in what is built.
 */
export function importsOf(source) {
  const code = source.replace(COMMENT_OR_STRING, (text) => (text.startsWith('/') ? ' ' : text));
  return [...code.matchAll(IMPORT)].map(([, before, specifier]) => ({
    specifier,
    isTypeOnly: /^((im|ex)port\s+type\b|typeof\s)/.test(before),
  }));
}

const IMPORT =
  /(?<![\w.])((?:import|export)\b[^'";]*?\bfrom\s*|import\s*|(?:typeof\s+)?import\s*\(\s*)'([^'\n]+)'/g;

/** Flags as the peers' programs, written in Go, take them: `-name value` and `-name=value`. */
export function parseFlags(args) {
  const parsed = {};
  for (let i = 0; i < args.length; i++) {
    const [name, value] = args[i].replace(/^--?/, '').split(/=(.*)/s);
    parsed[name] = value ?? args[++i];
  }
  return parsed;
}

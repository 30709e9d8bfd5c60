/** TLA+ as far as etcd-io/raft's specification uses it. */

export type Expression =
  | { readonly kind: 'constant'; readonly value: number | string | boolean }
  | Name
  | { readonly kind: 'apply'; readonly name: string; readonly arguments: readonly Expression[] }
  | { readonly kind: 'lambda'; readonly parameters: readonly string[]; readonly body: Expression }
  | { readonly kind: 'and' | 'or' | 'tuple' | 'set'; readonly items: readonly Expression[] }
  | {
      readonly kind: 'unary';
      readonly operator: UnaryOperator;
      readonly of: Expression;
    }
  | {
      readonly kind: 'binary';
      readonly operator: string;
      readonly left: Expression;
      readonly right: Expression;
    }
  | { readonly kind: 'prime' | 'unchanged'; readonly of: Expression }
  | Conditional
  | { readonly kind: 'let'; readonly definitions: readonly Definition[]; readonly body: Expression }
  | Binding
  /** `f[argument]`, and `record.field`. */
  | { readonly kind: 'at'; readonly of: Expression; readonly argument: Expression }
  | { readonly kind: 'record'; readonly fields: readonly Field[] }
  | { readonly kind: 'except'; readonly of: Expression; readonly changes: readonly Change[] }
  | Temporal;

export interface Name {
  readonly kind: 'name';
  readonly name: string;
}

export type UnaryOperator = '~' | '-' | 'DOMAIN' | 'SUBSET' | 'UNION';

export interface Conditional {
  readonly kind: 'if';
  readonly condition: Expression;
  readonly whenTrue: Expression;
  readonly whenFalse: Expression;
}

/** `\E`, `\A`, CHOOSE, `{x \in S : …}`, `{… : x \in S}` and `[x \in S |-> …]`. */
export interface Binding {
  readonly kind: 'exists' | 'forAll' | 'choose' | 'filter' | 'image' | 'function';
  /** The last three have one, but for an image. */
  readonly bounds: readonly Bound[];
  readonly body: Expression;
}

export interface Bound {
  readonly name: string;
  readonly set: Expression;
}

export type Field = readonly [name: string, value: Expression];

/** `![a][b] = value`. */
export interface Change {
  readonly path: readonly Expression[];
  readonly value: Expression;
}

/** `[]F`, `[A]_v` and INSTANCE have no value. */
export type Temporal =
  | { readonly kind: 'always'; readonly body: Expression }
  | { readonly kind: 'actions'; readonly action: Expression; readonly variables: Expression }
  | { readonly kind: 'instance'; readonly of: string };

export interface Definition {
  readonly name: string;
  readonly parameters: readonly string[];
  readonly body: Expression;
}

export interface Module {
  readonly name: string;
  readonly extends: readonly string[];
  readonly constants: readonly string[];
  readonly variables: readonly string[];
  readonly definitions: readonly Definition[];
  readonly assumptions: readonly Expression[];
}

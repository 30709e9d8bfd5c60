/** A random run as a scenario: the same cluster, the same actions at the same times, the same end. */

import type { NodeId } from '@quorate/core';
import type { ChaosPlan } from '../chaos/plan.ts';
import type { Recording } from '../chaos/run.ts';
import type { TimedAction } from '../chaos/world.ts';
import type { Scenario, Step } from './scenario.ts';
import { type Setup, USUAL_WORLD, type World } from './setup.ts';

/** What is done to a cluster, in the form in which it is shortened. */
export interface Course {
  readonly setup: Setup;
  /** By time. */
  readonly actions: readonly TimedAction[];
  /** Whether the cluster must recover in the end, or time only passes until then. */
  readonly end: { readonly kind: 'recovery' | 'nothing'; readonly at: number };
  /** Whether what is done at one instant is done before anything follows from any of it. */
  readonly inOneGo: boolean;
  /** Whether an action may be refused, or have nobody to be done to, without being a failure. */
  readonly mayRefuse: boolean;
}

export function courseOf({ plan, actions }: Recording): Course {
  const { size, options, faultsMs } = plan;
  return {
    setup: { size, options, world: worldOf(plan), logs: {}, terms: {} },
    actions: actions.filter(({ at }) => at < faultsMs),
    end: { kind: 'recovery', at: faultsMs },
    inOneGo: true,
    mayRefuse: true,
  };
}

export function scenarioOf(course: Course, about: Pick<Scenario, 'title' | 'teaches' | 'sources'>) {
  const { setup, actions, end, inOneGo, mayRefuse } = course;
  const steps: Step[] = mayRefuse ? [{ kind: 'neverMind' }] : [];
  let now = 0;
  const goTo = (at: number): Step[] => {
    if (at === now) return [];
    now = at;
    return [{ kind: 'at', ms: at }];
  };
  for (const [position, { at, action }] of actions.entries()) {
    const isJoined = inOneGo && actions[position - 1]?.at === at;
    steps.push(...goTo(at), isJoined ? { kind: 'and', action } : action);
  }
  steps.push(...goTo(Math.max(end.at, now)));
  if (end.kind === 'recovery') steps.push({ kind: 'calm' }, { kind: 'recover' });
  return { ...about, setup, steps } satisfies Scenario;
}

function worldOf(plan: ChaosPlan): Partial<World> {
  const named = Object.keys(USUAL_WORLD) as (keyof World)[];
  return Object.fromEntries(named.map((name) => [name, plan[name]]));
}

/** The servers that an action is about. */
export function serversIn({ action }: TimedAction): readonly NodeId[] {
  const ids: NodeId[] = [];
  for (const [name, value] of Object.entries(action)) {
    if (name === 'server' || name === 'to') ids.push(value as NodeId);
    if (name === 'link') ids.push(value.from, value.to);
  }
  return ids;
}

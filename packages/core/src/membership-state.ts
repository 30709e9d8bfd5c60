import { ascending, type Configuration, membersOf } from './configuration/configuration.ts';
import { isLeader, type NodeState } from './state.ts';
import type { LogIndex, NodeId } from './types.ts';

/** Who takes part, as this server knows it. */
export interface MembershipState {
  /** In force: the newest in the log, committed or not (§6). */
  readonly configuration: Configuration;
  /** Where it stands in the log. At or below the snapshot's index: in there. */
  readonly index: LogIndex;
  readonly isCommitted: boolean;
  /**
   * Who may have to hear of us: the members, those of the configuration before while it may come
   * back, and those that left and have not been told. Ascending.
   */
  readonly contacts: readonly NodeId[];
}

/** Hands out the same object until something has changed: it is asked for in every turn. */
export class MembershipView {
  #state: MembershipState | undefined;
  /** To how many a leader sends; within one configuration they only ever get fewer. */
  #sentTo = 0;

  of(node: NodeState): MembershipState {
    const { current: configuration, currentIndex: index } = node.log.configurations;
    const isCommitted = index <= node.commitIndex;
    const sentTo = isLeader(node) ? node.role.progress.size : 0;
    const last = this.#state;
    const isSame = last?.configuration === configuration && last.isCommitted === isCommitted;
    if (isSame && this.#sentTo === sentTo) return last;
    this.#sentTo = sentTo;
    this.#state = { configuration, index, isCommitted, contacts: contactsOf(node) };
    return this.#state;
  }
}

function contactsOf(node: NodeState): readonly NodeId[] {
  const { configurations } = node.log;
  const before = configurations.at(node.commitIndex);
  const sentTo = isLeader(node) ? node.role.progress.keys() : [];
  return ascending([...membersOf(configurations.current), ...membersOf(before), ...sentTo]);
}

/**
 * Snapshots on their way in chunks (§7): as `@quorate/node` sends them, on a connection of its own that
 * may break at any chunk. What has come stays on the receiver's disk, and the next transfer of the same
 * snapshot, by whomever, goes on where that ends.
 */

import type { InstallSnapshot, NodeId } from '@quorate/core';
import { isSameBytes } from './commands.ts';
import type { Disk, UnfinishedSnapshot } from './disk.ts';
import type { Network, Parcel } from './network.ts';
import type { Server } from './server.ts';
import type { Time } from './time.ts';

/** What becomes of transfers; `-for-another`: a second leader goes on where a first one ended. */
export type TransferEvent =
  | 'begun'
  | 'resumed'
  | 'resumed-for-another'
  | 'broken'
  | 'overtaken'
  | 'refused'
  | 'stored';

export interface SnapshotTransfersConfig {
  readonly time: Time;
  readonly network: Network;
  readonly chunkBytes: number;
  readonly find: (id: NodeId) => Server | undefined;
  readonly disk: (id: NodeId) => Disk;
  readonly onEvent: (event: TransferEvent) => void;
}

interface SnapshotParcel extends Parcel {
  readonly message: InstallSnapshot;
  readonly snapshotData: Uint8Array;
}

interface Transfer {
  readonly sender: Server;
  /** What is sent, which may be what an earlier transfer has sent a part of. */
  parcel: SnapshotParcel;
  readonly earlier: SnapshotParcel | undefined;
  isOver: boolean;
}

export class SnapshotTransfers {
  readonly #config: SnapshotTransfersConfig;
  /** The newest of each link. */
  readonly #outgoing = new Map<string, Transfer>();
  /** Each server takes one at a time. */
  readonly #incoming = new Map<NodeId, Transfer>();

  constructor(config: SnapshotTransfersConfig) {
    this.#config = config;
  }

  /** Calls the receiver, and calls off what this sender was sending it. */
  begin(sender: Server, parcel: SnapshotParcel): void {
    const link = linkOf(parcel.message);
    const previous = this.#outgoing.get(link);
    if (previous !== undefined) this.#end(previous);
    const transfer = { sender, parcel, earlier: previous?.parcel, isOver: false };
    this.#outgoing.set(link, transfer);
    this.#toReceiver(transfer, (receiver) => this.#called(transfer, receiver));
  }

  /** A process is gone, and its connections with it. */
  ended(server: Server): void {
    for (const [link, transfer] of this.#outgoing) {
      if (transfer.sender === server) {
        this.#end(transfer);
        this.#outgoing.delete(link);
      } else if (transfer.parcel.message.to === server.id) this.#break(transfer);
    }
  }

  /** Says what it holds already. */
  #called(transfer: Transfer, receiver: Server): void {
    const { from, to } = transfer.parcel.message;
    const current = this.#incoming.get(to);
    if (current !== undefined) {
      const other = current.parcel.message.from;
      if (other !== from && other === receiver.status().leaderId) {
        this.#refuse(transfer);
        return;
      }
      // Whoever calls anew has noticed earlier than we that the old connection is dead.
      if (other !== from) this.#config.onEvent('overtaken');
      this.#break(current);
    }
    this.#incoming.set(to, transfer);
    const held = this.#config.disk(to).unfinished;
    this.#toSender(transfer, () => this.#goOn(transfer, held));
  }

  /** The sender learns what the receiver holds. */
  #goOn(transfer: Transfer, held: UnfinishedSnapshot | undefined): void {
    const { sender, earlier } = transfer;
    const { message } = transfer.parcel;
    const leadsOn = (index: number) => index >= sender.status().firstIndex - 1;
    if (earlier !== undefined && isOf(held, earlier) && leadsOn(earlier.message.snapshot.index)) {
      const { snapshot } = earlier.message;
      transfer.parcel = { ...earlier, message: { ...message, snapshot } };
    }
    const { snapshotData: data } = transfer.parcel;
    const isOurs =
      isOf(held, transfer.parcel) &&
      isSameBytes(held.bytes, data.subarray(0, held.bytes.byteLength));
    const offset = isOurs ? held.bytes.byteLength : 0;
    if (!isOurs || offset === 0) this.#config.onEvent('begun');
    else this.#config.onEvent(held.from === message.from ? 'resumed' : 'resumed-for-another');
    this.#sendFrom(transfer, offset);
  }

  /** A chunk, and when it has been written the next one. */
  #sendFrom(transfer: Transfer, offset: number): void {
    const { message, snapshotData: data } = transfer.parcel;
    const { chunkBytes, disk } = this.#config;
    const chunk = data.subarray(offset, offset + chunkBytes);
    this.#toReceiver(transfer, (receiver) => {
      // Never behind what is committed there, and nothing of a lead that is over.
      const { term, commitIndex } = receiver.status();
      if (message.term < term || message.snapshot.index <= commitIndex) {
        this.#refuse(transfer);
        return;
      }
      const file = disk(message.to);
      const before = offset === 0 ? NOTHING : file.unfinished!.bytes;
      const { index, term: ofTerm } = message.snapshot;
      const bytes = joined(before, chunk);
      file.unfinished = { index, term: ofTerm, from: message.from, bytes };
      if (bytes.byteLength < data.byteLength) {
        this.#toSender(transfer, () => this.#sendFrom(transfer, bytes.byteLength));
        return;
      }
      file.unfinished = undefined;
      this.#incoming.delete(message.to);
      this.#config.onEvent('stored');
      receiver.receive({ message, snapshotData: bytes });
      this.#toSender(transfer, () => {
        this.#end(transfer);
        this.#report(transfer, true);
      });
    });
  }

  #toReceiver(transfer: Transfer, action: (receiver: Server) => void): void {
    const { from, to } = transfer.parcel.message;
    this.#travel(transfer, from, to, () => {
      const receiver = this.#config.find(to);
      if (receiver === undefined) this.#break(transfer);
      else receiver.whenAwake(() => transfer.isOver || action(receiver));
    });
  }

  #toSender(transfer: Transfer, action: () => void): void {
    const { sender, parcel } = transfer;
    const { from, to, term } = parcel.message;
    this.#travel(transfer, to, from, () => {
      sender.whenAwake(() => {
        if (transfer.isOver) return;
        const { role, term: now } = sender.status();
        // Whoever leads now sends its own.
        if (role === 'leader' && now === term) action();
        else this.#end(transfer);
      });
    });
  }

  #travel(transfer: Transfer, from: NodeId, to: NodeId, arrive: () => void): void {
    const delayMs = this.#config.network.tripMs(from, to);
    if (delayMs === undefined) this.#break(transfer);
    else this.#config.time.after(delayMs, () => transfer.isOver || arrive());
  }

  #refuse(transfer: Transfer): void {
    this.#config.onEvent('refused');
    this.#break(transfer);
  }

  /** Both sides notice, the sender after a while. */
  #break(transfer: Transfer): void {
    if (transfer.isOver) return;
    this.#config.onEvent('broken');
    this.#end(transfer);
    const { network, time } = this.#config;
    const { from, to } = transfer.parcel.message;
    time.after(network.cutNoticeMs(from, to), () => this.#report(transfer, false));
  }

  #end(transfer: Transfer): void {
    transfer.isOver = true;
    const { to } = transfer.parcel.message;
    if (this.#incoming.get(to) === transfer) this.#incoming.delete(to);
  }

  /** Unless another one has been begun in its place. */
  #report(transfer: Transfer, isDelivered: boolean): void {
    const { message } = transfer.parcel;
    if (this.#outgoing.get(linkOf(message)) !== transfer) return;
    transfer.sender.hear({ kind: 'snapshotSent', to: message.to, isDelivered });
  }
}

const NOTHING = new Uint8Array(0);

const linkOf = ({ from, to }: InstallSnapshot): string => `${from}>${to}`;

function isOf(
  held: UnfinishedSnapshot | undefined,
  { message: { snapshot } }: SnapshotParcel,
): held is UnfinishedSnapshot {
  return held?.index === snapshot.index && held.term === snapshot.term;
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(first.byteLength + second.byteLength);
  bytes.set(first);
  bytes.set(second, first.byteLength);
  return bytes;
}

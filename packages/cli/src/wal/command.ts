import type { Command } from 'commander';

export function addWalCommand(_program: Command): void {}

import { createMclBls } from '../../platform/bls/mcl.ts';
import { blstRows } from './blst.ts';
import { certificateRows } from './certificate.ts';
import { commitRows } from './commits.ts';
import { HEADING, printRow, type Row } from './measure.ts';
import { reportRows } from './reports.ts';
import { signersOf } from './signers.ts';

/**
 * What a leader and every watcher do once an epoch, with more seats than there are: `npm run bench:aggregate`. Each row
 * stands beside the plain way in the same run: signatures beside @noble/curves, one after the other; reports beside
 * generic SSZ and @noble/hashes for the open leaves alone; and beside blst, where npm has it for the platform. Times are
 * medians of processor time. `--json` ends the output with one line for machines.
 */

const bls = await createMclBls();
const signers = signersOf(bls);
const rows: Row[] = [];

function show(some: readonly Row[]): void {
  for (const row of some) printRow(row);
  rows.push(...some);
}

console.log(HEADING);
show(reportRows());
const certificates = certificateRows(bls, signers);
show(certificates);
const commits = commitRows(bls, signers);
show(commits);
show(blstRows(signers, { certificate: certificates[0]?.value ?? 0, commits: commits[1]?.value ?? 0 }));

if (process.argv.includes('--json')) console.log(JSON.stringify({ bench: 'aggregate', rows }));
process.exitCode = rows.every((row) => row.holds) ? 0 : 1;

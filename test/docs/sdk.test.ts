import { expect, it } from 'vitest';
import * as sdk from '../../sdk/index.ts';
import { codeBlock, filesUnder, read, rowsOf, section } from './markdown.ts';

const PAGE = read('docs/CONTRACTS.md');
const SECTION = section(PAGE, 'From TypeScript');
const SOURCES = filesUnder('sdk', '.ts');

it('shows the example that a test runs, and the contract that forge tests, as they are', () => {
  expect(codeBlock(SECTION, 'ts')).toBe(read('sdk/examples/guarantee.ts'));
  const contract = read('contracts/src/examples/PayPerWindow.sol');
  expect(codeBlock(section(PAGE, 'A complete consumer'), 'solidity')).toBe(contract);
});

it('names every function of the package', () => {
  const functions = Object.entries(sdk).filter(([name, value]) => typeof value === 'function' && /^[a-z]/.test(name));
  const rows = rowsOf(SECTION).map(([cell]) => cell!);
  const named = rows.filter((cell) => cell.includes('](')).flatMap((cell) => [...cell.matchAll(/\b[a-z]\w+(?=`)/g)]);
  expect(named.map(([name]) => name).sort()).toEqual(
    functions
      .map(([name]) => name)
      .filter((name) => name !== 'leafToAbi')
      .sort(),
  );
});

it('has every error code of the SDK, and no other', () => {
  const codes = SOURCES.flatMap((file) => [...read(file).matchAll(/new PlumblineError\(\s*'([a-z-]+)'/g)]);
  const hidden = SOURCES.flatMap((file) => [...read(file).matchAll(/new PlumblineError\(\s*([^'\s][^,]*),/g)]);
  const own = [...codes.map(([, code]) => code!), 'refused', 'decode'];
  const rows = rowsOf(SECTION).filter(([cell]) => /^`[a-z-]+`$/.test(cell!));
  expect(rows.map(([cell]) => cell!.slice(1, -1))).toEqual([...new Set(own)].sort());
  expect(hidden).toEqual([]);
});

it('has one function a file, under its own name', () => {
  const kebab = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  const asked = ['getReport', 'proveLeaf', 'proveAndStore', 'settle', 'settleMany', 'watchReports', 'postIntent'];
  for (const name of [...asked, 'bid', 'reveal', 'matchIntent', 'folderArchive', 'httpArchive']) {
    const exported = [...read(`sdk/${kebab(name)}.ts`).matchAll(/^export (?:async )?function\*? (\w+)/gm)];
    expect(exported.map((match) => match[1])).toEqual([name]);
  }
});

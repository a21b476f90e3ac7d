#!/usr/bin/env node
// Plain JavaScript: it must say something useful on a Node that is too old for everything else.
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    `plumbline needs Node 22.18 or later; this is ${process.versions.node}. Install a newer Node, or use "npm run plumbline --" in a checkout, which brings its own.`,
  );
  process.exit(2);
}
const { main } = await import('./main.ts');
process.exitCode = await main(process.argv);

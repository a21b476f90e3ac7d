#!/usr/bin/env node
// Stands in for solc in a copy of the contracts: hands forge's two calls to the compiler that runs on (see compiler.ts).
'use strict';

const { readFileSync } = require('node:fs');
const { connect } = require('node:net');
const { join } = require('node:path');

const FOLDER = join(__dirname, '..');

if (process.argv.includes('--version')) process.stdout.write(readFileSync(join(FOLDER, 'solc-version')));
else connect(join(FOLDER, 'solc.sock')).end(readFileSync(0)).pipe(process.stdout);
